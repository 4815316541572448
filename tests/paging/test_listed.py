"""`opsdash alerts --format json` says of each alert what the screen says happens next."""

import json
from dataclasses import replace
from datetime import timedelta

from opsdash import ownership, response
from opsdash.cli.listing import alert_lines
from opsdash.domain.escalation import EscalationPolicy, PolicyLevel
from opsdash.domain.maintenance import Maintenance
from opsdash.domain.text import SafeText, clean
from opsdash.snapshot import take_snapshot
from opsdash.store import engine, maintenance
from tests.paging.world import SARAH, World


async def test_each_alert_says_what_the_screen_says(world: World) -> None:
    """Levels, labels, owners, snoozes, windows, silences: worked out by the case, equal one by one."""
    world.setup = world.engine.setup = replace(world.setup, policies=(picky(world),))
    await world.store.write(engine.save_setup, world.engine.setup, world.clock.now())
    keys = {
        name: world.alerts.fire(name, **labels)
        for name, labels in {
            "Plain": {},
            "Alike": {},
            "Warned": {"severity": "warning"},
            "Told": {"severity": "info"},
            "Databases": {"page": "database"},
            "Vip": {"tier": "gold"},
            "Taken": {},
            "PutOff": {},
            "Hidden": {},
            "Gone": {},
        }.items()
    }
    await world.turn(30, step=5)
    ids = {name: (await world.alert(key)).id for name, key in keys.items()}
    now = world.clock.now()
    later = now + timedelta(hours=2)
    await world.store.write(response.acknowledge, SARAH, now, [ids["Taken"]])
    await world.store.write(ownership.snooze, SARAH, now, [ids["PutOff"]], later, "known")
    window = Maintenance(0, now, later, SARAH.user, clean("work"), clean("batch"))
    await world.store.write(maintenance.add, window, now)
    world.alerts.silence(keys["Hidden"])
    world.alerts.resolve(keys["Gone"])
    held = world.alerts.fire("Held", job="batch", service="batch")
    await world.turn(60, step=5)
    moment = world.clock.now()
    picture = await world.store.read(take_snapshot, moment)
    listed = [json.loads(text) for text in await world.store.read(alert_lines, moment)]
    assert len(listed) == len(picture.alerts) == 11
    for line, alert in zip(listed, picture.alerts, strict=True):
        step = picture.next_step(alert)
        if not alert.open:
            assert line["next"] is None
            continue
        said = line["next"]
        assert (said["what"], said["text"], said["whom"]) == (step.kind, step.text, list(step.who))
        assert (said["at"] is None) == (step.at is None)
    by_name = {line["labels"]["alertname"]: line["next"] for line in listed}
    assert by_name["Plain"] == by_name["Alike"]
    assert by_name["Vip"]["text"] == "escalates to level 2 Gold (Maria)"
    assert by_name["Plain"]["text"] == "escalates to level 3 PM (Priya)"
    assert by_name["Told"]["text"] == "nobody is paged for it"
    assert by_name["PutOff"]["what"] == "snooze_ends"
    assert by_name["Taken"]["what"] == "acknowledgement_ends"
    assert by_name["Held"]["what"] == "maintenance_ends", held
    assert by_name["Hidden"]["what"] == "waits"


def picky(world: World) -> EscalationPolicy:
    """Return a policy whose second level is for some labels only."""
    first = world.setup.policy.levels[0]
    levels = (
        first,
        PolicyLevel(
            SafeText("Gold"), ("person:tech-lead",), timedelta(minutes=5), matching=('tier="gold"',)
        ),
        PolicyLevel(SafeText("PM"), ("person:pm",), timedelta(minutes=15)),
    )
    return replace(world.setup.policy, levels=levels)
