"""Sample conversations about cooking."""

from netto_tui.demo.script import Script

_DISHES = (
    {
        "dish": "mushroom risotto",
        "have": "arborio rice, dried mushrooms, an onion and half a bottle of white wine",
        "lack": "stock",
        "swap": "the soaking water of the mushrooms, salted, is better than any cube",
        "key": "Toast the rice until it clicks in the pan, and add hot liquid only",
        "time": "30 minutes",
        "people": "six",
        "scale": "Rice scales, wine does not: 500 g of rice, 250 ml of wine, 1.6 l of liquid",
    },
    {
        "dish": "lentil soup",
        "have": "brown lentils, carrots, a leek and cumin",
        "lack": "lemon",
        "swap": "a spoon of vinegar at the very end does the same work",
        "key": "Bloom the cumin in oil before anything wet goes in",
        "time": "40 minutes",
        "people": "ten",
        "scale": "Use the biggest pot at two thirds, and salt twice: half at the start, half at the end",
    },
    {
        "dish": "focaccia",
        "have": "bread flour, yeast, olive oil and rosemary",
        "lack": "time",
        "swap": "warm water (35 °C) and twice the yeast bring it down to two hours",
        "key": "Oil in the tin, oil on top, and press the dimples down to the metal",
        "time": "two hours",
        "people": "twelve",
        "scale": "Two tins, swapped half way; one deep tin stays raw in the middle",
    },
    {
        "dish": "green curry",
        "have": "coconut milk, green beans, a lime and paste from a jar",
        "lack": "fish sauce",
        "swap": "light soy sauce and a pinch of salt",
        "key": "Fry the paste in the thick top of the coconut milk until the oil splits",
        "time": "25 minutes",
        "people": "five",
        "scale": "One jar does five if you add a handful of basil at the end",
    },
    {
        "dish": "shakshuka",
        "have": "tinned tomatoes, peppers, eggs and smoked paprika",
        "lack": "feta",
        "swap": "thick yoghurt with salt, a spoon per plate",
        "key": "Cook the sauce down until a spoon leaves a track, then make wells for the eggs",
        "time": "30 minutes",
        "people": "eight",
        "scale": "Use an oven dish: 180 °C, eight wells, twelve minutes",
    },
    {
        "dish": "plum cake",
        "have": "a kilo of plums, butter, flour and sugar",
        "lack": "yeast",
        "swap": "a quark dough, rolled out at once, no waiting",
        "key": "Set the plums upright and tight like books",
        "time": "an hour",
        "people": "a whole office",
        "scale": "One full tray is 20 pieces; bake it the evening before and sugar it in the morning",
    },
    {
        "dish": "pea and mint pasta",
        "have": "frozen peas, short pasta and half a lemon",
        "lack": "cream",
        "swap": "mash half of the peas with pasta water",
        "key": "Salt the water like soup and keep a cup of it",
        "time": "15 minutes",
        "people": "four children",
        "scale": "Leave the mint on the table and let them decide",
    },
    {
        "dish": "potato salad",
        "have": "waxy potatoes, mustard, gherkins and broth",
        "lack": "mayonnaise",
        "swap": "none is needed: warm broth, oil and vinegar make their own",
        "key": "Dress the slices while they are hot",
        "time": "45 minutes",
        "people": "a garden party of twenty",
        "scale": "Five kilos, in two bowls; one with, one without onion",
    },
    {
        "dish": "miso aubergines",
        "have": "two aubergines, white miso and sesame",
        "lack": "mirin",
        "swap": "dry sherry and a teaspoon of sugar",
        "key": "Score the flesh, roast it soft, and glaze only for the last five minutes",
        "time": "40 minutes",
        "people": "six as a starter",
        "scale": "Three aubergines; the glaze stays the same",
    },
    {
        "dish": "bread from leftovers",
        "have": "two days of stale rolls, eggs and milk",
        "lack": "fresh herbs",
        "swap": "dried marjoram rubbed between the hands",
        "key": "Soak them warm, and squeeze them less than you think",
        "time": "50 minutes",
        "people": "four, with a salad",
        "scale": "Six rolls, three eggs, a quarter litre of milk",
    },
    {
        "dish": "apple strudel",
        "have": "sour apples, raisins, breadcrumbs and filo",
        "lack": "patience for pulling dough",
        "swap": "six sheets of filo, each brushed with butter",
        "key": "Fry the crumbs in butter: they keep the bottom dry",
        "time": "an hour",
        "people": "eight",
        "scale": "Two short ones are easier to turn than a long one",
    },
)

_TONIGHT = Script(
    "openclaw",
    """
[[Tonight: $dish|$dish with what is there]]
>> [[I have $have. I would like to make $dish, but there is no $lack. Is that a problem?|Can I make $dish without $lack? I have $have.]]
<< [[Not a problem: $swap.|You can do without: $swap.|No need to go out again: $swap.|Easily: $swap.]]

The one thing that matters: **$key.**

[[Count on $time. Shall I give you the steps one by one while you cook?|It takes $time. Do you want the steps as you go?|With everything at hand: $time. Ready for the steps?]]
>> [[Yes, one by one. My hands are wet.|Steps please, short ones.]]
<< 1. [[Everything chopped and within reach before the heat goes on.|Set out bowls first; you will thank yourself.|Chop, measure, tidy up. Only then the stove.]]
2. $key.
3. [[Low heat, lid half on, and taste after ten minutes.|Turn it down earlier than you want to, and taste.|Patience, low heat, a spoon in reach.]]
4. [[Season again at the end; it always needs a little more than you think.|A pinch more salt at the very end.|Taste, rest two minutes, taste again.]]
>> [[It smells right already. How do I know it is done?|And when is it done?]]
<< [[When you have tasted it three times and the last time you did not want to change anything. Enjoy! 🍽️|When it looks like the picture in your head, and not a minute later. Guten Appetit!|After about $time, or when somebody comes into the kitchen and asks. Enjoy!]]
""",
    "Cooked $dish without $lack: $swap.",
    _DISHES,
)

_SCALED = Script(
    "netto",
    """
$dish for $people
>> I promised $dish for $people. What changes when I make more of it?
<< $scale. And the rule stays: $key.
>> What can I do the day before?
<< [[Everything that is cut, soaked or weighed. Not the last step: it makes the difference between cooked and warmed up.|All the knife work, and nothing that has to be crisp.|Half of it: prepare in the evening, finish with the guests in the kitchen.]] Plan $time plus a third for the larger amount.
>> [[Shopping list?|Write me the list.]]
<< - for the base: $have
- instead of $lack: $swap
- bread, and something green
- ice, which everybody forgets
""",
    "$dish for $people: $scale.",
    _DISHES[:9],
)

_STARTER = Script(
    "openclaw",
    """
Sourdough diary
>> Day 5 and the starter smells like nail polish. Did I kill it?
<< No. That smell is hunger: it has eaten everything and is living on alcohol. Feed it twice today, 1:2:2, somewhere warm.
>> Fed. Day 6: smells like yoghurt, grew by a third.
<< Good sign. Keep the ratio, and write down when it is at its highest. You need *when*, not *how much*.
>> Day 7: peak after five hours, doubled 🎉
<< Then it is ready. For the first loaf use it at the peak: 100 g starter, 350 g water, 500 g flour, 10 g salt.
>> The dough is soup.
<< Your flour drinks less than mine. Take 320 g of water next time; for now, fold it every thirty minutes, four times, with wet hands. It will come together by the third.
>> You were right, the third. It is in the oven.
<< Lid on for twenty minutes, then off. And do not cut it for an hour: it is still cooking.
>> I waited forty minutes. The crumb is a bit gummy, and I regret nothing.
<< The correct attitude.
""",
    "The starter is alive: peaks five hours after feeding. Next loaf with 320 g of water.",
)

_KNOEDEL = Script(
    "openclaw",
    """
Omas Semmelknödel
>> Ich versuche, die Semmelknödel meiner Oma nachzumachen. Auf dem Zettel steht nur: "8 Semmeln, Milch, Eier, Petersilie, Gefühl".
<< Das Gefühl kann ich in Zahlen übersetzen: 8 Semmeln vom Vortag (etwa 400 g), 350 ml lauwarme Milch, 3 Eier, eine kleine Zwiebel, glasig gedünstet, ein Bund Petersilie, Salz, Muskat.
>> Meine zerfallen immer im Wasser.
<< Zwei Gründe: zu viel gedrückt oder zu heiß. Die Masse zwanzig Minuten ruhen lassen, mit nassen Händen formen, und das Wasser darf nur *ziehen*, nicht kochen. Einen Probeknödel zuerst!
>> Der Probeknödel hat gehalten!
<< Dann ab mit den anderen, zwanzig Minuten. Und schreib auf den Zettel: "Gefühl = 350 ml".
""",
    "Omas Semmelknödel: 350 ml Milch auf 8 Semmeln, das Wasser nur ziehen lassen.",
)

SCRIPTS = (_TONIGHT, _SCALED, _STARTER, _KNOEDEL)
