"""Long sample conversations, of sixty messages and more."""

import random

from netto_tui.demo.script import Scene
from netto_tui.model.revision import Message, Text

_WORDS = (
    ("a janela", "the window", "Abre a janela, por favor."),
    ("o recado", "the message", "Deixei um recado na mesa."),
    ("a saudade", "longing for what is far", "Tenho saudades do mar."),
    ("desenrascar-se", "to manage somehow", "Não te preocupes, eu desenrasco-me."),
    ("a véspera", "the eve", "Na véspera da viagem não durmo."),
    ("o guarda-chuva", "the umbrella", "Esqueci-me do guarda-chuva no elétrico."),
    ("apanhar", "to catch, to pick up", "Vou apanhar o comboio das oito."),
    ("a fila", "the queue", "A fila chega até à rua."),
    ("o troco", "the change", "Pode ficar com o troco."),
    ("barulhento", "noisy", "O vizinho de cima é barulhento."),
    ("a madrugada", "the small hours", "Chegámos de madrugada."),
    ("estrear", "to use for the first time", "Hoje estreio os sapatos novos."),
    ("o atalho", "the short cut", "Este atalho é mais longo."),
    ("demorar", "to take time", "A sopa demora meia hora."),
    ("o bairro", "the neighbourhood", "No meu bairro toda a gente se conhece."),
    ("a gaveta", "the drawer", "Os talheres estão na gaveta."),
    ("engraçado", "funny", "Ela conta histórias engraçadas."),
    ("o desconto", "the discount", "Fazem desconto a estudantes?"),
    ("arrumar", "to tidy up", "Ao sábado arrumo a casa."),
    ("a boleia", "the lift", "Queres boleia até à estação?"),
)

_PRAISE = ("Certo!", "Muito bem.", "Exato.", "Isso mesmo.", "Perfeito 🎉")

_TRACES = (
    ("The service answers with 502 since a few minutes ago.", "Which one: all requests, or some?"),
    ("Some. Roughly one in five.", "One in five smells like one of five workers. Do the bad ones share a host?"),
    ("Yes! All from worker 3.", "Good. Is it down, or slow?"),
    ("It is up. Health check green.", "Then the health check does not ask what your users ask. What does it call?"),
    (
        "`/ping`, which returns a constant.",
        "So it only proves that Python is alive. What do the failing requests have in common that `/ping` lacks?",
    ),
    ("They all read from the cache.", "Connect to the cache from worker 3, by hand."),
    ("`Connection timed out`. From worker 2 it works.", "Same subnet? Same resolver?"),
    ("Same subnet. Resolver… worker 3 has an old entry in `/etc/hosts`!", "There it is. Who put it there, and when?"),
    (
        "Me. In spring. During the migration. I left a comment: “remove on Monday”.",
        "Which Monday is a fair question. Remove it on one machine first.",
    ),
    (
        "Removed. Requests through worker 3 are fine now.",
        "Before we cheer: how many were affected, and since when exactly?",
    ),
    (
        "From the log: since seven past, 1,312 requests. The cache moved at five past.",
        "Then the timeline fits. Are any of them writes?",
    ),
    ("41 writes. They were retried by the client.", "With the same idempotency key?"),
    ("I think so. Checking… yes, all 41 are there once.", "Good. That was the expensive question."),
    (
        "What do I change so this does not happen again?",
        "Three things, smallest first. One: a test that fails if `/etc/hosts` has more than the standard lines.",
    ),
    ("Two?", "A health check that reads one known key from the cache, with a timeout of 200 ms."),
    (
        "And if the cache is down for everybody, all workers turn red and we are worse off.",
        "Right, so it should report *degraded*, and only leave the pool if fewer than half of them do. That is the part worth reviewing together.",
    ),
    ("Three?", "Comments with a date that a machine reads. `remove-after: 2026-04-13`, and a job that complains."),
    ("I like three. How do you call such a thing?", "A fuse. It is allowed to be annoying; that is what it is for."),
    (
        "Could you write the check for the hosts file?",
        "```python\ndef test_hosts_has_no_extra_entries() -> None:\n    lines = [line.split('#')[0].strip() for line in Path('/etc/hosts').read_text().splitlines()]\n    names = {word for line in lines for word in line.split()[1:]}\n    assert names <= {'localhost', socket.gethostname(), 'ip6-localhost', 'ip6-loopback'}\n```",
    ),
    ("It fails on worker 5 too!", "So there was a second one, waiting. What does it point at?"),
    (
        "At the old mail relay. Nobody sends mail from worker 5… except the monthly report.",
        "Which runs on the 1st. You just fixed an incident that has not happened yet.",
    ),
    (
        "😅 Removing. Report for the team?",
        "Five lines: what users saw, since when, why, what we did, what will prevent it. No names.",
    ),
    (
        "“For 45 minutes one request in five failed. An entry from a migration in spring overrode the address of the cache, which moved today.”",
        "Good start. Add the 41 writes: people will ask, and the answer is reassuring.",
    ),
    ("“41 writes were retried and arrived once.”", "And the fuse."),
    (
        "“We now test for such entries on every machine, and comments like ‘remove on Monday’ carry a date that a job checks.”",
        "Done. It is honest, short, and has no villain.",
    ),
    ("Should I mention that it was me?", "In person, at lunch. It makes the next one easier for somebody else."),
    ("Fair. How long did we take?", "45 minutes, 30 of them before you looked at which worker it was."),
    ("Next time: group errors by host first.", "Write that at the top of the runbook. It is the whole lesson."),
    ("Written. Closing the incident.", "Well handled. Drink some water."),
    (
        "One more: is the dashboard per host possible?",
        "Yes: the label is there already, the panel only sums over it. Remove the sum and limit it to the worst three.",
    ),
    ("That would have shown it in ten seconds.", "It will, the next time."),
)


def lesson(rng: random.Random) -> Scene:
    """An evening of vocabulary, with mistakes."""
    turns = [
        Message("user", (Text("Portuguese words tonight? Twenty, mixed, and correct me."),)),
        Message("assistant", (Text("Vamos! I say it in English, you answer with the word and a sentence."),)),
    ]
    for number, (word, meaning, sentence) in enumerate(rng.sample(_WORDS, len(_WORDS)), start=1):
        turns.append(Message("assistant", (Text(f"{number}. **{meaning}**?"),)))
        if rng.random() < 0.3:
            turns.append(Message("user", (Text("Não me lembro…"),)))
            turns.append(Message("assistant", (Text(f"*{word}*. Por exemplo: {sentence} Agora tu!"),)))
            turns.append(Message("user", (Text(sentence),)))
        else:
            turns.append(Message("user", (Text(f"{word}. {sentence}"),)))
        turns.append(Message("assistant", (Text(rng.choice(_PRAISE)),)))
    turns.append(Message("user", (Text("Uf. Enough for tonight. Obrigada!"),)))
    turns.append(Message("assistant", (Text("De nada! I keep the ones you missed for Thursday."),)))
    return Scene(
        "openclaw",
        "Vinte palavras antes de dormir",
        tuple(turns),
        "Twenty words of Portuguese; the missed ones again on Thursday.",
        hours=(20, 22),
    )


def incident(_rng: random.Random) -> Scene:
    """An hour of looking for a fault, told from its first symptom to the report."""
    turns: list[Message] = []
    for asked, answered in _TRACES:
        turns += [Message("user", (Text(asked),)), Message("assistant", (Text(answered),))]
    return Scene(
        "claude-code",
        "One request in five fails",
        tuple(turns),
        "Incident: an entry in /etc/hosts from spring overrode the cache. Fuse added: comments with a date.",
        "ledger-lite",
    )


LONG = (lesson, incident)
