"""Sample conversations about a house, a garden, and appointments."""

from netto_tui.demo.script import Script

_REPAIRS = (
    {
        "thing": "the washing machine",
        "sign": "it stops with water inside and hums",
        "check": "open the flap at the bottom, put a flat tray under it, and turn the filter out slowly",
        "found": "a coin and half a sock",
        "fix": "clean the filter, turn the impeller by hand once, and run a short wash",
        "stop": "if it hums but does not pump with a clean filter, the pump is due",
        "part": "none",
    },
    {
        "thing": "the bathroom tap",
        "sign": "it drips, about once a second",
        "check": "turn off the valve under the basin and take the lever off; there is a small screw behind the coloured dot",
        "found": "a cartridge with a worn seal",
        "fix": "exchange the cartridge; take the old one to the shop",
        "stop": "if the valve under the basin does not close, turn off the main one first",
        "part": "a cartridge, 35 mm",
    },
    {
        "thing": "the bicycle",
        "sign": "the chain jumps under load in the middle gears",
        "check": "measure the chain: if ten links are longer than 25.6 cm it is worn",
        "found": "25.7 cm",
        "fix": "exchange chain and cassette together, since a new chain jumps on old teeth",
        "stop": "if it then still jumps, look at the chainring",
        "part": "a chain and a cassette, nine speed",
    },
    {
        "thing": "the front door",
        "sign": "it scrapes when it rains",
        "check": "close it on a strip of paper all around: where it tears, it rubs",
        "found": "the upper corner on the lock side",
        "fix": "tighten the upper hinge first, and plane only if a week of dry weather does not help",
        "stop": "do not plane in November what fits in June",
        "part": "longer screws for the hinge",
    },
    {
        "thing": "the radiator in the study",
        "sign": "cold at the top, warm at the bottom",
        "check": "close the pump for half an hour, then open the small valve a quarter turn",
        "found": "it hissed for a whole minute",
        "fix": "close it when water comes, then top up the system to 1.5 bar",
        "stop": "if the pressure falls again within a week, there is a leak",
        "part": "a vent key",
    },
    {
        "thing": "the kitchen drawer",
        "sign": "it falls out on the left",
        "check": "take it out and look at the runner from below",
        "found": "two screws without anything to hold on to",
        "fix": "fill the holes with matches and wood glue, wait a night, and screw again",
        "stop": "if the runner itself is bent, exchange the pair",
        "part": "two matches",
    },
    {
        "thing": "the garden gate",
        "sign": "it no longer closes by itself",
        "check": "open it to 45° and let go",
        "found": "the post leans two degrees",
        "fix": "wedge the post, tamp gravel around it, and wait for a wet week before trusting it",
        "stop": "if the post is soft at the ground, exchange it",
        "part": "a bucket of gravel",
    },
    {
        "thing": "the desk lamp",
        "sign": "it flickers when I move the arm",
        "check": "unplug it, then open the joint: flicker on movement is nearly always a cable",
        "found": "the insulation was rubbed through",
        "fix": "exchange the cable as a whole; no tape in a joint that moves",
        "stop": "a fuse that goes again means stop and ask an electrician",
        "part": "1.5 m of two-core cable",
    },
    {
        "thing": "the dishwasher",
        "sign": "glasses come out cloudy",
        "check": "wash one glass with vinegar: if it clears up, it is lime and not scratches",
        "found": "it cleared up",
        "fix": "fill up the salt, set the hardness to your water, and run it empty and hot once",
        "stop": "scratches stay for good: use a shorter program",
        "part": "salt",
    },
)

_REPAIR = Script(
    "openclaw",
    """
[[$thing: $sign|What is wrong with $thing?]]
>> [[Help: $thing. $sign.|There is something with $thing: $sign. Can I do that myself?]]
<< [[Probably yes. First look, then buy: $check. Tell me what you see.|Very likely. One test before any shopping: $check. What do you find?|Let us see. Please $check, and tell me.]]
>> I see $found.
<< [[Good, then it is the simple case: **$fix**.|Then it is what I hoped: **$fix**.|That explains it. **Now: $fix**.]]

You need: $part. And the limit: $stop.
>> [[How long does it take?|And time?]]
<< [[Half an hour, plus the half hour of looking for the right screwdriver.|An hour, if nobody helps.|Forty minutes with tea, thirty without.]]
>> [[Done, it works again 💪|It works. Took fifty minutes, most of it the screwdriver.]]
<< [[Well done. I noted the date, in case it comes back.|Very good! It is in the notes, with the date.|Congratulations. You just saved somebody's Saturday.]]
""",
    "Repaired $thing ($sign): $fix. If it comes back: $stop.",
    _REPAIRS,
)

_BACK = Script(
    "openclaw",
    """
$thing again
>> You noted something about $thing a while ago. What did we say?
!! memory_search {"query": "$thing"}
== 1 note: Repaired $thing ($sign): $fix.
<< You wrote: *$sign*. We did this: $fix. And we set a limit: $stop.
>> [[It is fine, I only want to order the part in time.|It still works. I just could not remember the part.]]
<< Then: $part.
""",
    "",
    _REPAIRS[:6],
)

_VISITS = (
    {
        "visit": "the dentist",
        "day": "Tuesday at 8:20",
        "bring": "the insurance card and the splint",
        "ask": "whether the splint needs adjusting, and how often the gums should be measured",
        "after": "no coffee for two hours",
    },
    {
        "visit": "the eye test",
        "day": "Thursday at 16:00",
        "bring": "both pairs of glasses",
        "ask": "whether a pair for the screen is worth it, and when to come again",
        "after": "do not drive: the drops last for hours",
    },
    {
        "visit": "physiotherapy",
        "day": "Monday at 7:30",
        "bring": "a towel and shorts",
        "ask": "which two exercises matter most if there is only time for two",
        "after": "write the exercises down in the tram",
    },
    {
        "visit": "the vaccination",
        "day": "Friday at 11:15",
        "bring": "the vaccination booklet",
        "ask": "which others are due this year",
        "after": "nothing heavy with the left arm for a day",
    },
    {
        "visit": "the school check-up",
        "day": "Wednesday at 9:00",
        "bring": "the yellow booklet and a favourite toy",
        "ask": "about sleep, and about the hearing test that was inconclusive",
        "after": "ice cream was promised",
    },
    {
        "visit": "the allergy test",
        "day": "next Tuesday at 10:40",
        "bring": "a list of what was taken in the last week",
        "ask": "what to leave out, and for how long",
        "after": "wait there for twenty minutes",
    },
)

_VISIT = Script(
    "openclaw",
    """
[[Before $visit|$visit, $day]]
>> [[I have an appointment: $visit, $day. Help me prepare, I always forget half of it.|Appointment for $visit on $day. What should I think of?]]
<< [[I can help with the list; for anything medical, ask there.|A list, gladly. What it means is for the people there to say.|Here is what usually gets forgotten:]]

- **Bring:** $bring.
- **Ask:** $ask.
- **Afterwards:** $after.

When would you like to be reminded?
>> [[The evening before, and an hour before.|The evening before is enough.]]
<< Set. Shall I keep a line about what they say?
>> [[Yes. I will dictate it on the way home.|Yes please.]]
""",
    "Appointment: $visit, $day. Bring $bring. Ask $ask.",
    _VISITS,
)

_GARDEN = Script(
    "openclaw",
    """
Balkon: was kommt wann?
>> Ich habe drei Kästen nach Süden und einen schattigen. Was säe ich wann, ohne jeden Tag daran denken zu müssen?
<< Ein Plan mit vier Terminen reicht:

| Wann | Sonne | Schatten |
| --- | --- | --- |
| Mitte März | Radieschen, Spinat | – |
| nach den Eisheiligen | Tomate, Basilikum | Petersilie, Minze (eigener Topf!) |
| Ende Juli | Feldsalat | Spinat |
| Oktober | Knoblauch stecken | abdecken |
>> Warum die Minze im eigenen Topf?
<< Weil sie sonst in zwei Jahren der einzige Bewohner ist 😄
>> Und gießen im Urlaub?
<< Zwei Flaschen mit Tonkegel je Kasten halten etwa eine Woche. Vorher ausprobieren, nicht am Abreisetag.
""",
    "Balkonplan mit vier Terminen; Minze in einen eigenen Topf.",
)

SCRIPTS = (_REPAIR, _BACK, _VISIT, _GARDEN)
