"""Sample conversations that come back every day: mornings and shopping lists."""

import random

from netto_tui.demo.script import Scene, Script, play

_WEATHER = {
    "cold": ("clear and cold, 2 °C", "the first frost, -1 °C", "grey and dry, 4 °C", "sleet until noon, 1 °C"),
    "mild": (
        "fog until ten, then sun, 9 °C",
        "rain from three, 12 °C",
        "wind from the west, 14 °C",
        "grey and dry, 11 °C",
    ),
    "warm": ("warm, 23 °C, a thunderstorm in the evening", "sun, 26 °C", "a few clouds, 21 °C", "hot, 31 °C: curtains"),
}
_SEASONS = ("cold", "cold", "mild", "mild", "mild", "warm", "warm", "warm", "mild", "mild", "cold", "cold")
_FIRST = (
    "the choir rehearsal moves to seven",
    "a call with the museum at eleven",
    "the parcel comes between ten and twelve",
    "nothing before noon",
    "school is out at one today",
    "the train at 8:12, seat 34",
    "the electrician rings at nine, he says",
    "lunch with Grandmother, bring the album",
    "the report is due at five",
    "library books are due, three of them",
    "the trial lesson at the climbing hall",
)
_NUDGE = (
    "the bin goes out, the blue one",
    "water the basil",
    "call about the crossing",
    "the bread needs feeding",
    "ten words of Portuguese are waiting",
    "the bicycle light is empty",
    "you wanted to write to your friend abroad",
    "bring back the ladder",
    "stretch the knee, both exercises",
)
_PLAN = (
    ("Then I will go by bike.", "Good. Leave at twenty past, the bridge is closed for cars, not for you."),
    ("Can you move the rest to the afternoon?", "Done. The morning is empty from ten to twelve."),
    ("Remind me at noon.", "I will."),
    ("What did I want to do before all that?", "Sleep. But you said “call back”, without a name, at 23:40."),
    ("Short and sweet, thank you.", "As ordered 🌤️"),
    ("Skip the nudge tomorrow, please.", "Skipped tomorrow, back on the day after."),
)
_MORNING = Script(
    "openclaw",
    """
Good morning: $first
>> [[Good morning! What is up today?|Morning. Short version, please.|Guten Morgen ☀️|Bom dia! What do I have today?]]
<< $weather. **$first_up.** And: $nudge.
>> $reply
<< $answer
""",
    "Morning: $first; $nudge.",
)


def morning(number: int, month: int, rng: random.Random) -> Scene:
    """The talk at breakfast on one day. number: counts them, so that nothing comes back at once; month: 1 to 12."""
    first, nudge = _FIRST[number % len(_FIRST)], _NUDGE[number % len(_NUDGE)]
    reply, answer = _PLAN[number % len(_PLAN)]
    weather = rng.choice(_WEATHER[_SEASONS[month - 1]])
    case = {"first": first, "nudge": nudge, "reply": reply, "answer": answer}
    return play(_MORNING, {**case, "weather": _up(weather), "first_up": _up(first)}, rng)


def _up(text: str) -> str:
    return text[0].upper() + text[1:]


_BASKETS = (
    ("oats, lemons and baking paper", "matches", "The lemons are for the cake; take four."),
    (
        "two kilos of flour, yeast and olives",
        "dishwasher salt",
        "The big bag of flour is cheaper only if you bake twice a week. You do.",
    ),
    (
        "onions, tomatoes and coconut milk",
        "batteries, the small ones",
        "Three tins of coconut milk are left in the cellar.",
    ),
    ("Brot, Butter und Schnittlauch", "Geburtstagskerzen", "Kerzen: es müssen neun sein, nicht acht!"),
    ("arroz, feijão e coentros", "lâmpadas", "Coentros: dois molhos, um acaba sempre por murchar."),
    ("potatoes, quark and chives", "light bulbs, warm white", "Waxy potatoes; the others fell apart last time."),
    ("pasta, peas and parmesan", "envelopes", "Peas are in the freezer. Unless somebody ate them frozen again."),
    ("rice, miso and spring onions", "tea lights", "White miso, the light one."),
    ("apples, raisins and filo", "a sponge", "Sour apples. And leave the raisins if he is coming."),
    ("eggs, peppers and smoked paprika", "stamps", "Stamps: six, the letters to the council are thick."),
    ("lentils, carrots and cumin", "bike oil", "Brown lentils; the red ones turn to soup."),
    ("plums, butter and cinnamon", "jam jars", "A dozen jars. You always say ten."),
)

_SHOPPING = Script(
    "openclaw",
    """
Shopping: $food
>> List for today: $food. [[Anything I forgot?|What else was there?]]
<< On the list since Monday: $other. $remark
>> [[Thanks, going now.|Right! Off I go.|Noted, thank you.]]
<< - [ ] $food
- [ ] $other
""",
    "",
    tuple({"food": food, "other": other, "remark": remark} for food, other, remark in _BASKETS),
    hours=(15, 19),
)

SCRIPTS = (_SHOPPING,)
