"""Sample conversations about work and letters."""

from netto_tui.demo.script import Script

_MEETINGS = (
    {
        "meeting": "the quarterly review",
        "people": "nine people, four of them remote",
        "goal": "decide which of two projects gets the second half of the year",
        "risk": "that we tell each other what is in the slides",
        "minutes": "50",
        "decision": "the archive first, the new search in spring",
    },
    {
        "meeting": "the kick-off with the museum",
        "people": "six people who have not met",
        "goal": "agree on what “done” means for the first exhibition room",
        "risk": "that the technology is discussed before the visitors are",
        "minutes": "60",
        "decision": "one room, two languages, usable without a phone",
    },
    {
        "meeting": "the monthly volunteers' evening",
        "people": "fifteen, after work",
        "goal": "fill the weekend shifts for December",
        "risk": "that the same four people say yes",
        "minutes": "40",
        "decision": "shifts of two hours instead of four",
    },
    {
        "meeting": "the retrospective",
        "people": "a team of five",
        "goal": "one thing to stop doing",
        "risk": "a list of fourteen things to start",
        "minutes": "45",
        "decision": "no status mails; the board is the status",
    },
    {
        "meeting": "the budget talk with the association",
        "people": "the board and two members",
        "goal": "say yes or no to the new roof",
        "risk": "that nobody has read the offer",
        "minutes": "30",
        "decision": "yes, if the second offer is under 18,000",
    },
    {
        "meeting": "the handover before parental leave",
        "people": "two",
        "goal": "three months without a call",
        "risk": "everything that is only in my head",
        "minutes": "90",
        "decision": "a weekly half hour is allowed, calls are not",
    },
    {
        "meeting": "the interview for the internship",
        "people": "two of us, one of them",
        "goal": "find out how they learn something new",
        "risk": "that we talk more than they do",
        "minutes": "45",
        "decision": "invite the second candidate to a day with us",
    },
)

_AGENDA = Script(
    "netto",
    """
[[Agenda for $meeting|Preparing $meeting]]
>> I am preparing $meeting: $people. The goal is to $goal. What I am afraid of: $risk.
<< [[Then build it backwards from the decision. For $minutes minutes:|Start at the end: what is decided when people stand up? For $minutes minutes:|$minutes minutes are enough, if the decision comes first on paper:]]

1. **5 min** What is to be decided, in one sentence, on the wall.
2. **10 min** Facts that everybody needs. Sent the day before; here only questions.
3. **15 min** The two strongest arguments on each side, by people who do not hold them.
4. **10 min** Decide.
5. **5 min** Who tells whom, and by when.

[[The rest is slack. You will need it.|Whatever is left is a gift; end early.|Leave the rest empty. Something always comes.]]
>> [[And against the thing I am afraid of?|What do I do about my fear?]]
<< [[Say it at the beginning, in those words. It works surprisingly often.|Put it on the wall next to the goal. Everybody will help to avoid it.|Ask somebody to raise a hand when it happens. Not you.]]
>> [[Report: it worked. Decision: $decision.|We finished early. Result: $decision.]]
<< [[Congratulations. Minutes in one line: *$decision.* Shall I draft the mail?|Good. *$decision*, and nothing else, goes into the minutes. A mail?|Then write it down before anybody remembers it differently: *$decision.* Do you want a mail?]]
>> Yes, three sentences, no adjectives.
<< > Dear all, today we decided: $decision. The notes are in the usual place. Thank you for coming prepared.
""",
    "Prepared $meeting. Decided there: $decision.",
    _MEETINGS,
)

_LETTERS = (
    {
        "to": "the landlord",
        "about": "the heating",
        "facts": "The heating in the living room has stayed below 18 °C since Monday. We reported it by phone on Tuesday.",
        "ask": "Please have it repaired by the end of the week, and tell us when somebody will come",
        "tone": "firm, not hostile",
    },
    {
        "to": "an old teacher",
        "about": "her retirement",
        "facts": "You once let me repeat a failed experiment until I understood why it failed. I build things now, and I still work that way.",
        "ask": "I hope you will have time for your own experiments",
        "tone": "warm, short",
    },
    {
        "to": "the neighbours",
        "about": "a birthday party",
        "facts": "On Saturday there will be music in our garden from six to eleven.",
        "ask": "If it is too loud, ring the bell; better still, come over",
        "tone": "friendly",
    },
    {
        "to": "the library",
        "about": "a lost book",
        "facts": "The book I borrowed in May travelled to the sea and did not come back.",
        "ask": "Please tell me what a new copy costs and how I can pay",
        "tone": "honest, a little funny",
    },
    {
        "to": "the council",
        "about": "a pedestrian crossing",
        "facts": "Forty children cross this street every morning. In two weeks we counted eleven near misses.",
        "ask": "We ask for a crossing with an island, and for a date when it will be discussed",
        "tone": "factual",
    },
    {
        "to": "a friend abroad",
        "about": "not writing for a year",
        "facts": "I started this letter four times. It was never because of you.",
        "ask": "Tell me everything, in any order",
        "tone": "plain",
    },
    {
        "to": "the insurance",
        "about": "a broken window",
        "facts": "On the night of the 3rd a branch broke the kitchen window. Photographs and the invoice are enclosed.",
        "ask": "Please confirm that you have received this, and tell me the number of the case",
        "tone": "dry",
    },
    {
        "to": "the choir",
        "about": "leaving for a while",
        "facts": "From January I will work in another city during the week.",
        "ask": "Please keep me on the list for the summer concert",
        "tone": "grateful",
    },
)

_LETTER = Script(
    "netto",
    """
A letter to $to
>> I have to write to $to about $about. Tone: $tone. The facts: $facts
<< A first draft:

> $facts
>
> $ask.
>
> With kind regards

[[What is missing?|Does this sound like you?]]
>> [[A first sentence that is not so abrupt.|The ending is too stiff.]]
<< [[Then begin with why you write *today*, and end with your first name. Everything between can stay: it is short because it is clear.|Swap the first two sentences and close the way you would at the door.|Put one sentence in front that only you could write. The rest carries itself.]]
>> [[Better. Make it fit on a card.|Good. Shorter by a third, please.]]
<< > $facts $ask.

[[Nothing was lost; I only took out what was there twice.|That fits, with room for the signature.|Read it aloud once; if you stumble, cut there.]]
""",
    "Letter to $to about $about, in a tone that is $tone.",
    _LETTERS,
)

_CANCEL = Script(
    "netto",
    """
Kündigung Fitnessstudio
>> Ich will meinen Vertrag im Studio kündigen, weil ich umziehe. Kannst du mir ein Schreiben aufsetzen?
<< Gern. Kurz und mit allem, was hineingehört:

> Sehr geehrte Damen und Herren,
>
> hiermit kündige ich meinen Vertrag mit der Mitgliedsnummer [NUMMER] zum nächstmöglichen Zeitpunkt. Bitte bestätigen Sie mir das Datum schriftlich.
>
> Mit freundlichen Grüßen

Den Umzug würde ich nur nennen, wenn der Vertrag dafür eine eigene Frist hat. Schau im Abschnitt „Laufzeit“ nach.
>> Steht drin: bei Umzug über 25 km sofort, mit Meldebescheinigung.
<< Dann ein Satz dazu: „Da ich am 1. März mehr als 25 km entfernt umziehe, mache ich von meinem Sonderkündigungsrecht Gebrauch; die Meldebescheinigung liegt bei.“
>> Perfekt, danke! 🙏
""",
    "Kündigung Fitnessstudio: Sonderkündigung bei Umzug über 25 km, Meldebescheinigung beilegen.",
)

_SPREADSHEET = Script(
    "netto",
    """
Formula: the last value that is not empty
>> In a spreadsheet I need the last non-empty value of column D, even if there are gaps.
<< ```
=LOOKUP(2, 1/(D:D<>""), D:D)
```
It looks odd and works: `1/(…)` is 1 where there is a value and an error where not, and LOOKUP for 2 finds the last 1.
>> It is slow on 20,000 rows.
<< Limit the range: `D2:D25000` instead of `D:D`. And if the newest is always at the bottom without gaps, `=INDEX(D:D, COUNTA(D:D))` is faster still.
>> The first one with a range it is. Danke!
""",
    "",
)

SCRIPTS = (_AGENDA, _LETTER, _CANCEL, _SPREADSHEET)
