"""Sample conversations about journeys."""

from netto_tui.demo.script import Script

_PLACES = (
    {
        "place": "Porto",
        "when": "late March",
        "sight": "the bookshop staircase and the tiled station hall",
        "walk": "from the cathedral down to the river and over the upper deck of the iron bridge",
        "eat": "grilled sardines, then a custard tart still warm",
        "rain": "the port cellars on the other bank",
        "pack": "shoes with grip: the cobbles get slippery",
    },
    {
        "place": "Ghent",
        "when": "the first weekend of May",
        "sight": "the altarpiece, early, before the groups",
        "walk": "along the two quays after dark, when the fronts are lit",
        "eat": "a bowl of waterzooi and a dark beer",
        "rain": "the city museum in the old abbey",
        "pack": "a light raincoat",
    },
    {
        "place": "Ljubljana",
        "when": "a long weekend in June",
        "sight": "the castle at opening time",
        "walk": "the riverbank under the willows, bridge to bridge",
        "eat": "buckwheat dumplings at the open kitchen market on Friday",
        "rain": "the modern gallery and a long coffee",
        "pack": "a swimsuit for the lake, forty minutes away",
    },
    {
        "place": "Görlitz",
        "when": "early October",
        "sight": "the department store with the glass roof",
        "walk": "over the footbridge and back along the Polish bank",
        "eat": "pierogi on the other side, cake on this one",
        "rain": "the whispering arch, which is dry and fun",
        "pack": "a warm layer for the evening",
    },
    {
        "place": "Bergen",
        "when": "the second week of September",
        "sight": "the wooden wharf before breakfast",
        "walk": "up the stairs to the viewpoint and down through the forest",
        "eat": "fish soup, twice",
        "rain": "assume rain; the art museums stand in a row",
        "pack": "two pairs of shoes, one of them dry",
    },
    {
        "place": "Bologna",
        "when": "November",
        "sight": "the anatomical theatre",
        "walk": "the long arcade up to the hill, all under cover",
        "eat": "tortellini in broth on a cold day",
        "rain": "forty kilometres of arcades: you will hardly notice",
        "pack": "an appetite and one nice shirt",
    },
    {
        "place": "the Saxon sandstone hills",
        "when": "a weekend in April",
        "sight": "the bridge of rock, before nine",
        "walk": "two days on the painters' path, with a night in the village",
        "eat": "bread, cheese and an apple on a ledge",
        "rain": "the fortress, mostly indoors",
        "pack": "poles if your knees complain",
    },
    {
        "place": "Copenhagen",
        "when": "the week before Christmas",
        "sight": "the round tower, which you climb on a ramp",
        "walk": "the lakes at noon, when there is light",
        "eat": "open sandwiches standing up",
        "rain": "the glass house with the winter garden",
        "pack": "gloves for the bicycle",
    },
    {
        "place": "Thessaloniki",
        "when": "late February",
        "sight": "the mosaics in the rotunda",
        "walk": "the seafront all the way to the concert hall",
        "eat": "bougatsa for breakfast, no discussion",
        "rain": "the photography museum in the port",
        "pack": "sunglasses and an umbrella, both",
    },
    {
        "place": "Valencia",
        "when": "mid January",
        "sight": "the silk exchange",
        "walk": "the dry river bed, by bicycle, end to end",
        "eat": "rice at lunch, never in the evening",
        "rain": "the ceramics palace",
        "pack": "one jumper; the flats are not heated",
    },
)

_WEEKEND = Script(
    "openclaw",
    """
A weekend in $place
>> [[I have two and a half days in $place, $when. Can you sketch a plan that is not a forced march?|We are going to $place, $when. Two days, two people, no car. What would you do?]]
<< [[Happily. Three questions first, or I guess: do you like to walk, do you eat early or late, and is there one thing you must not miss?|Good choice. Before I invent anything: how much walking, how late a dinner, and what would make you sad to miss?|With pleasure. Tell me how you travel: on foot or by tram, early birds or late ones, and is anything fixed already?]]
>> [[Walking yes, late dinners, and nothing I must see|We walk a lot, eat whenever, and like places where people actually live]].
<< [[Then I would keep one fixed point a day and leave the rest open.|In that case: one thing a day that has a time, everything else without.|Then let us plan half of it, and let the place do the other half.]]

**First day**
- Arrive, drop the bags, and walk $walk.
- Dinner: $eat.

**Second day**
- $sight in the morning. Have a long lunch after it.
- [[The afternoon stays empty on purpose.|Nothing after that. You will find something.|The afternoon belongs to a bench with a view.]]

**Last morning**
- [[Repeat whatever you liked best.|Market, coffee, and the long way to the station.|Go back to the place you walked past too quickly.]]

If it rains: $rain. For your bag: $pack.
>> [[That is exactly our speed. What should we book ahead?|Nice. Anything to book in advance?]]
<< [[Only the journey and the first night. Reserve dinner for the second evening if it is a Saturday; everything else works on the day.|Book beds and the way there. A table for Saturday does no harm. The rest is better unbooked.|Very little: somewhere to sleep, a seat on the way home, and a table for the last evening.|The room. Seats, if you want to sit together. Nothing else, or it becomes a timetable.]] [[Shall I keep this as a note?|Do you want it as a note?|I can keep it for you.]]
>> [[Yes please.|Please do, and remind me of the shoes.]]
<< Noted under *$place*.
""",
    "Planned a weekend in $place for $when: one fixed point a day, the afternoon of the second day free. To pack: $pack.",
    _PLACES,
)

_AFTER = Script(
    "netto",
    """
$place: notes from the road
>> We are back from $place. I want to keep what was good before I forget it.
<< [[Tell me in any order; I will sort it.|Just talk, I will make a list of it.|Before the laundry, very sensible. Go ahead.]]
>> The walk ($walk) was the best part. We ate $eat. [[The plan for rain was never needed, though we looked in at $rain anyway. I would skip the second museum next time.|It rained once, and then it was $rain, as you said. Next time fewer museums.|We hardly needed the plan for rain ($rain). One museum would have been enough.]]
<< Sorted:

| | |
| --- | --- |
| again | $walk |
| food | $eat |
| if it rains | $rain |
| next time | one museum, not two |
| take along | $pack |

[[One line for the top of the page: what would you tell a friend?|Would you go again in the same season?]]
>> [[Go on a weekday, and start early.|Same season, one night more.]]
<< Added to the top.
""",
    "Back from $place; the best part was the walk. Next time one night more.",
    _PLACES[:8],
)

_KYOTO = Script(
    "openclaw",
    """
Kyoto in November 🍁
>> Eight days in Kyoto from the 17th, my first time in Japan. I want gardens and small streets, not the top ten list. I also want to be able to say a few things.
<< Wonderful season for it. Two rules save the trip: gardens at opening time or in the last hour, and never two districts on opposite sides on one day.

1. North east: the philosopher's walk at seven, the moss garden behind it at nine.
2. West: the bamboo grove is full by eight. Go to the temples behind it, uphill, where the buses do not stop.
3. A day in Uji: tea, the phoenix hall, the river.
4. A free day.
5. Kurama to Kibune over the ridge, then the bath.
>> The ridge walk: how long, and is it all right with a bad knee?
<< About two hours, with many steps: 300 m up, 300 m down on uneven roots. With a bad knee, take the cable car up to the main hall and come back the same way. You lose the cedar roots and keep the view.
>> OK. Now teach me five sentences.
<< - おはようございます。 *Ohayō gozaimasu.* Good morning.
- すみません、切符売り場はどこですか。 *Sumimasen, kippu uriba wa doko desu ka.* Excuse me, where do I buy tickets?
- これをください。 *Kore o kudasai.* This one, please.
- おすすめは何ですか。 *Osusume wa nan desu ka.* What do you recommend?
- とても美味しかったです。 *Totemo oishikatta desu.* It was delicious.
>> すみません、おすすめは何ですか。 And what will they answer?
<< Often: 今日はさんまがおすすめです。 *Kyō wa sanma ga osusume desu*: today the saury is good. You can then say それをお願いします, *sore o onegai shimasu*: that one, please.
>> Perfect. I will practise on the plane ✈️
<< 良い旅を！ Have a good journey.
""",
    "Kyoto from the 17th for eight days; the knee decides about the ridge walk (cable car up). Practised five sentences of Japanese.",
)

_AZORES = Script(
    "openclaw",
    """
São Miguel com os miúdos
>> Vamos a São Miguel na Páscoa com dois miúdos (6 e 9). Preciso de um plano com pouca estrada e muita água quente 😄
<< Boa escolha! Com crianças dessa idade eu ficava só em duas bases:

- **Três noites nas Furnas**: as caldeiras, o cozido, e banhos ao fim da tarde.
- **Quatro noites perto de Ponta Delgada**: as Sete Cidades num dia limpo, baleias noutro.

Levem dois fatos de banho por pessoa: a água com ferro mancha tudo.
>> E se chover?
<< Vai chover, mas raramente o dia todo. Para uma manhã de chuva: as estufas de ananás e o museu da cidade. À tarde costuma abrir.
>> Quanto tempo de carro, no máximo, por dia?
<< Uma hora, contando com paragens para ver vacas. Marquei no plano o que fica a menos de vinte minutos de cada base.
>> Ótimo, obrigada. Guarda isto, por favor.
<< Guardado. Boa viagem!
""",
    "São Miguel at Easter with the children: two bases, at most an hour of driving a day, two swimsuits each.",
)

_NIGHT_TRAIN = Script(
    "openclaw",
    """
Night train to Vienna
>> Is there still a night train that gets me to Vienna before nine? I have to be near the university at ten.
!! search {"query": "night train arrival Vienna before 09:00", "date": "next Thursday"}
== 3 connections. 1) dep 20:51 arr 07:55, seat, couchette, sleeper. 2) dep 22:08 arr 08:49, seat, couchette. 3) dep 23:19 arr 09:42, seat.
<< Two of them work. I would take the one at 20:51: it arrives at 07:55, which leaves two hours for a shower at the station and the tram. The later one at 22:08 arrives at 08:49; that is fine until it is not.
>> Couchette or sleeper?
<< For one night before a talk: a sleeper, if the difference is under 60. You will want the door and the basin. Upper berth if you are under 1.85 m: less traffic.
>> Booked, upper berth. Wake me with something useful: what do I need on the day?
<< - Tram from the station: 20 minutes, change once.
- The breakfast on board is coffee and two rolls, at 07:00.
- Slides on a stick *and* in your mail.
- Checkout is when the train stops, so pack before breakfast.
""",
    "Night train on Thursday at 20:51, upper berth booked; in Vienna at 07:55, talk at ten. Slides on a stick and in the mail.",
)

SCRIPTS = (_WEEKEND, _AFTER, _KYOTO, _AZORES, _NIGHT_TRAIN)
