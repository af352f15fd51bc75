"""Small sample conversations: one question, one answer, as most of them are."""

from netto_tui.demo.script import Script

_SMALL = (
    ("Miles or kilometres", "How much is 26 miles?", "About 41.8 km; the marathon adds the rest to 42.195."),
    (
        "A word for it",
        "What is the word for when everything you planned falls apart politely?",
        "*Unravelling*. If people keep smiling while it happens: *unravelling graciously*, which is not a fixed phrase and should be.",
    ),
    (
        "Übersetzung für die Einladung",
        "Wie sage ich auf Englisch „Wir freuen uns auf euch, bringt bitte nichts mit außer Hunger“?",
        "“We look forward to seeing you. Please bring nothing but an appetite.”",
    ),
    (
        "Rain at five?",
        "Do I need the umbrella at five?",
        "Forty per cent at five, ninety at seven. Take it; you will come home late.",
    ),
    ("Name for a cat", "Name for a grey cat that sleeps on the router.", "Latency 🐈"),
    (
        "Is it lie or lay?",
        "I want to lie down or lay down?",
        "*Lie*. You lay something else down. Yesterday you *lay* down, which is where the trouble begins.",
    ),
    (
        "Time in Osaka",
        "It is 15:00 here in Lisbon. Can I call Osaka?",
        "It is midnight there. Tomorrow at 9:00 your time is 18:00 for them.",
    ),
    (
        "2 cups of flour",
        "2 cups of flour in grams?",
        "About 250 g if you spoon it in, 300 g if you scoop. Bakers argue because of those 50 g.",
    ),
    (
        "Why is the moon bigger at the horizon?",
        "Why does the moon look so big when it rises?",
        "It is an illusion: measure it with a fingernail at arm's length, rising and high up. Same nail.",
    ),
    (
        "Gift for a colleague",
        "Gift for a colleague who leaves, 20 euros, she likes birds and hates clutter.",
        "A year of the small magazine on birds from the local society. Nothing to dust.",
    ),
    ("Toast in Portuguese", "How do I toast in Portuguese?", "*Saúde!* And look each other in the eye."),
    ("Convert 350 °F", "350 °F in Celsius?", "177 °C; set the oven to 175."),
    (
        "How long do eggs take",
        "Soft eggs, straight from the fridge, boiling water?",
        "Six minutes for runny, seven for jammy. Then cold water at once.",
    ),
    (
        "Where did I put the tent?",
        "Where did I say the tent is?",
        "In your note of June: cellar, left shelf, behind the skis, “poles are in the blue bag, not in the green one”.",
    ),
    (
        "A haiku for Monday",
        "Haiku about a Monday that starts well.",
        "Coffee before words,\nthe tram waits a breath for me:\ntoday owes me nought.",
    ),
    (
        "Passwords for grandparents",
        "How do I explain password managers to my grandfather?",
        "“One key for the key cabinet.” He has had a key cabinet for fifty years; he will ask good questions.",
    ),
    ("What day was it?", "Which weekday was 9 November 1989?", "A Thursday."),
    (
        "Knots",
        "Knot for a loop that does not slip?",
        "Bowline: the rabbit comes out of the hole, around the tree, and back into the hole.",
    ),
    (
        "Short out-of-office",
        "Out of office, one sentence, no jokes.",
        "I am away until 4 August and will read your message after that; for anything urgent, please write to the team.",
    ),
    (
        "Out of office, with a joke",
        "And now one with a joke.",
        "I am away until 4 August, and so is my sense of duty; for anything urgent, please write to the team.",
    ),
    (
        "Stain",
        "Red wine on a linen tablecloth, five minutes ago!",
        "Do not rub. Blot, then cold water from the back, then salt while you find the washing powder. Wash at 40.",
    ),
    (
        "Difference between affect and effect",
        "affect / effect, once and for all?",
        "You *affect* something; the *effect* is what you get. A for action, E for end.",
    ),
    (
        "Bus or bike?",
        "4 km to work, one hill. Bus or bike?",
        "Bike: 16 minutes, door to door. The bus needs 12 plus the walk plus waiting; so about 24.",
    ),
    (
        "Bücher für den Zug",
        "Ein dünnes Buch für vier Stunden Zug, nichts Trauriges?",
        "„Der Duft der Zitronen“ liegt noch ungelesen auf deiner Liste vom Frühjahr. 160 Seiten, passt genau.",
    ),
    (
        "Haltbarkeit",
        "Wie lange hält sich Pesto im Kühlschrank?",
        "Mit einem Fingerbreit Öl darüber gut eine Woche. Sauberer Löffel!",
    ),
    ("Zahlen auf Japanisch", "1 bis 5 auf Japanisch?", "一 *ichi*, 二 *ni*, 三 *san*, 四 *yon*, 五 *go*."),
    (
        "お礼のメール",
        "短いお礼のメールを日本語で書いてください。昨日ごちそうになりました。",
        "昨日は本当にごちそうさまでした。とても楽しい夜でした。今度はぜひ私に誘わせてください。",
    ),
    (
        "Como se diz",
        "Como se diz “cozy” em português?",
        "Depende: um lugar é *aconchegante*, uma pessoa está *à vontade*, uma manta é *quentinha*.",
    ),
    (
        "Receita rápida",
        "Tenho grão, limão e coentros. Jantar em dez minutos?",
        "Grão salteado com alho até ficar dourado, limão por cima, coentros no fim, pão ao lado. Oito minutos.",
    ),
    (
        "Percentages",
        "A price rose by 20 % and then fell by 20 %. Same as before?",
        "No: 1.2 × 0.8 = 0.96, so 4 % less.",
    ),
    ("How many pages", "How many pages are 5,000 words?", "About ten, single spaced; twenty, double spaced."),
    (
        "Sleep before the exam",
        "Learn until two or sleep at eleven?",
        "Sleep. What you learn after midnight is mostly how tired you can be.",
    ),
    (
        "Playlist for cleaning",
        "Forty minutes of cleaning. What kind of music?",
        "Something with a tempo around 120 and no words you want to listen to. Brass bands are underrated.",
    ),
    (
        "Plural of octopus",
        "Octopi, octopuses or octopodes?",
        "*Octopuses* in English. *Octopodes* if you want to talk about Greek for the rest of the evening.",
    ),
    (
        "Bread knife",
        "Do you sharpen a bread knife?",
        "Seldom, and only the bevelled side, groove by groove with a round stone. Or leave it to the market on Saturday.",
    ),
    (
        "Battery",
        "Charge the phone to 80 or to 100?",
        "80 on normal days, 100 before a journey. The difference in a year is small; the heat of the car window is not.",
    ),
    (
        "Train of thought",
        "I was about to tell you something and forgot it.",
        "You were talking about the balcony, then about your sister. One of the two?",
    ),
    (
        "Draft a text",
        "Tell the group we start at seven, not six, sorry, and bring a torch.",
        "“Small change: we start at 19:00, not 18:00. Sorry! Please bring a torch 🔦”",
    ),
    (
        "Fractions for a child",
        "How do I show that 1/3 is more than 1/4?",
        "With one chocolate bar and the question: share it with two others, or with three?",
    ),
    (
        "Is the shop open?",
        "Is the hardware shop open on the 6th?",
        "It is a public holiday here, so no. The one across the border opens at nine.",
    ),
    (
        "Rhyme",
        "Something that rhymes with “orange”?",
        "Not really. In a song: *door hinge*, if you say it quickly enough.",
    ),
    (
        "Cables",
        "What is the difference between the two USB-C cables in my drawer?",
        "One carries data quickly and is thick and short; the other only charges. Put a ring of tape on the good one.",
    ),
    ("Watering", "Two weeks away. What do I do with the basil?", "Give it to somebody as a gift. Seriously."),
    (
        "Speech, one line",
        "One sentence for a toast to my parents' 40 years.",
        "“Forty years, and they still argue about the window: may it stay open.”",
    ),
    (
        "Chess",
        "I always lose to the same opening. 1.e4 e5 2.Bc4 and then the queen comes.",
        "Play 2…Nf6 at once. It attacks e4 and covers h5, so the early queen has nowhere good to go.",
    ),
    (
        "Noise",
        "What is that humming at night?",
        "If it stops when you turn off the light in the hall, it is the dimmer. Otherwise open the fridge and listen.",
    ),
    ("Tipping", "Do I tip in Denmark?", "Service is included; round up if it was lovely."),
    (
        "Gravel",
        "How much gravel for a path of 8 m by 1.2 m, 5 cm deep?",
        "8 × 1.2 × 0.05 = 0.48 m³, about 0.8 tonnes. Order one, paths settle.",
    ),
    (
        "Cold hands",
        "Why are my hands cold and my feet warm?",
        "Feet are in two layers and move more than you think. Try a pulse warmer: it is the wrist that counts.",
    ),
    ("Crossword, seven letters", "Seven letters, “kept in three places”, _ E _ O R _ S?", "RECORDS."),
    (
        "Ein Wort für alles",
        "Gibt es ein deutsches Wort für „den Moment, in dem man merkt, dass man lächelt“?",
        "Noch nicht. Vorschlag: *Ertapptlächeln*.",
    ),
    (
        "Folding",
        "How do I fold a fitted sheet?",
        "Tuck the corners into each other, lay it flat, fold in thirds, and accept the rest.",
    ),
    (
        "Mushrooms",
        "I found a mushroom with a ring and white gills. Edible?",
        "I will not say yes to a description, and you should not eat on one. Take it, whole with its foot, to the advice centre; they open at four.",
    ),
    (
        "File names",
        "What is a good scheme for names of scanned letters?",
        "`2026-11-23_council_crossing.pdf`: date first, then who, then what. It sorts itself.",
    ),
    (
        "Second-hand bike",
        "What do I look at first on a used bike?",
        "The frame for cracks near the welds, then the chain, then whether the wheels run true. Colour last.",
    ),
    (
        "Thunder",
        "Six seconds between flash and thunder?",
        "Two kilometres. Come in when it is under ten seconds, so: now.",
    ),
    (
        "Guten Morgen",
        "Was steht heute an?",
        "Um 8:20 der Zahnarzt, um 11 das Gespräch mit dem Museum, abends Chor. Und die Mülltonne muss raus 🗑️",
    ),
    (
        "What was the quote?",
        "The quote about drafts you mentioned last week?",
        "“Write it as if nobody reads it, cut it as if everybody does.” You liked the second half.",
    ),
    (
        "Stopping a hiccup",
        "Hiccups, twenty minutes, help.",
        "Drink from the far side of the glass. If that fails, at least you were distracted.",
    ),
    (
        "Paper sizes",
        "Is A5 half of A4?",
        "Yes, cut across the long side; and the ratio stays √2, which is the whole trick.",
    ),
    (
        "Candle",
        "Why does my candle tunnel?",
        "The first time it did not burn long enough to melt to the edge. Wrap foil around the rim for an hour.",
    ),
    ("Minutes to hours", "500 minutes?", "8 hours 20."),
    (
        "Good question for a first date",
        "One good question that is not “what do you do”?",
        "“What did you change your mind about lately?”",
    ),
    (
        "Leftover rice",
        "Is rice from yesterday fine?",
        "If it went into the fridge within an hour or two, yes: hot through, and only once.",
    ),
    ("Emoji", "Which emoji for “thank you” in a mail to the council?", "None."),
)

_QUESTION = Script(
    "openclaw",
    """
$title
>> $question
<< $answer
""",
    "",
    tuple({"title": title, "question": question, "answer": answer} for title, question, answer in _SMALL),
)

SCRIPTS = (_QUESTION,)
