"""Sample conversations about learning something."""

from netto_tui.demo.script import Script

_TOPICS = (
    {
        "topic": "why the sky is blue",
        "plain": "Air scatters short waves far more than long ones: about ten times more at the blue end than at the red end. So blue comes from everywhere, and red comes straight from the sun",
        "trap": "then it should be violet",
        "answer": "There is less violet in sunlight, some of it is absorbed high up, and our eyes are less sensitive to it",
        "quiz": "Why is a sunset red?",
        "solution": "The light has passed through so much air that the blue is gone sideways",
    },
    {
        "topic": "standard deviation",
        "plain": "It is the typical distance from the average. Square the distances so that left and right do not cancel out, average them, take the root to be back in the same unit",
        "trap": "why not just take the absolute distances",
        "answer": "You can; that is the mean absolute deviation. Squares add up nicely for independent things, which is why everybody uses them",
        "quiz": "All values grow by 5. What happens to it?",
        "solution": "Nothing: distances stay the same",
    },
    {
        "topic": "the French Revolution in ten minutes",
        "plain": "A state without money asks three estates for help; the third has no say and many members. It declares itself the nation in June, and from then on every step back is dangerous for somebody",
        "trap": "it was about bread",
        "answer": "Bread set the date, debt set the stage, and the question who decides was the play",
        "quiz": "What came first, the Bastille or the Declaration of Rights?",
        "solution": "The Bastille, in July; the declaration followed in August",
    },
    {
        "topic": "recursion",
        "plain": "A function that solves a smaller version of its own problem, and knows one version so small that it is solved already",
        "trap": "how it does not run forever",
        "answer": "Every call must come closer to the small case. If you cannot say in what sense it is smaller, it will run forever",
        "quiz": "What is the small case of summing a list?",
        "solution": "The empty list; its sum is 0",
    },
    {
        "topic": "photosynthesis",
        "plain": "Light splits water. The oxygen leaves, the electrons and the hydrogen charge a battery, and that battery turns carbon dioxide into sugar, day or night",
        "trap": "plants breathe out oxygen and breathe in carbon dioxide, full stop",
        "answer": "They breathe as well, all day; at noon they only make more oxygen than they use",
        "quiz": "Where does the mass of a tree come from?",
        "solution": "Mostly from the air",
    },
    {
        "topic": "the subjunctive in Portuguese",
        "plain": "It marks what is wished, doubted or not yet so: *espero que venhas*. The sign is nearly always a *que* with somebody else behind it",
        "trap": "it follows every que",
        "answer": "No: *sei que vens* is knowledge, so it stays indicative. Ask: is it a fact in this sentence?",
        "quiz": "Quando (chegar, tu), telefona-me.",
        "solution": "Quando chegares: future subjunctive, since it has not happened yet",
    },
    {
        "topic": "Bayes with a medical test",
        "plain": "Of 1,000 people, 10 are ill and the test finds 9 of them. Of the 990 others it wrongly flags about 50. So 9 of 59 positives are ill, about 15 %",
        "trap": "a test that is 95 % right means I am ill with 95 %",
        "answer": "That mixes up two groups: the share of the ill who test positive, and the share of positives who are ill",
        "quiz": "What if one in two is ill?",
        "solution": "450 true and 25 false positives: 95 %. The base rate decides",
    },
    {
        "topic": "tides",
        "plain": "The moon pulls the near side more than the centre, and the centre more than the far side. So water bulges on both sides and the earth turns beneath: two tides a day",
        "trap": "the sun does nothing",
        "answer": "It does, about half as much. At full and new moon both add up: spring tide",
        "quiz": "Why are tides 50 minutes later each day?",
        "solution": "The moon moves on while the earth turns",
    },
    {
        "topic": "Japanese particles は and が",
        "plain": "は sets the stage: *as for…*. が points at who or what, as new information: 私は学生です tells about me, 私が学生です answers “which one is the student?”",
        "trap": "は is the subject",
        "answer": "Often it is only the topic: 象は鼻が長い, as for elephants, noses are long",
        "quiz": "だれ＿来ましたか。",
        "solution": "が: だれが来ましたか. A question word cannot be a topic",
    },
)

_EXPLAIN = Script(
    "openclaw",
    """
[[Explain: $topic|$topic]]
>> [[Explain $topic to me as if I were twelve, but do not lie.|I have to understand $topic by tomorrow. Short, please, and correct.]]
<< $plain.

[[Which part is still foggy?|Say it back to me in one sentence?]]
>> I always thought $trap?
<< [[A good objection. $answer.|Many think so. $answer.|Close, and worth a minute. $answer.]]
>> Ask me something, so I see whether I got it.
<< $quiz
>> [[Hm. $solution?|$solution. Right?]]
<< [[Exactly. You have it.|Yes. Say it to somebody else tomorrow, then it stays.|Right. And you got there without the formula.]]
""",
    "Learned: $topic. The question that helped: $quiz",
    _TOPICS,
)

_REPEAT = Script(
    "openclaw",
    """
Three questions before breakfast: $topic
>> Quiz me again on $topic, like two weeks ago.
<< First, the core in one sentence, from memory.
>> [[$plain, more or less.|Something like: $plain.]]
<< [[Very good. And what did you believe before?|Yes. What was the tempting wrong answer?|Good. Which mistake did you use to make?]]
>> That $trap.
<< And why not?
>> $answer.
<< Last one: $quiz
>> $solution!
<< Three of three. Next time in a month.
""",
    "Repeated $topic: three of three.",
    _TOPICS[:6],
)

SCRIPTS = (_EXPLAIN, _REPEAT)
