"""A worker that is killed in every phase of an import: opening the file, reading, planning, applying, taking back.

Nobody may be lost or doubled: counted is what the database holds, by a referee who asks it directly.
"""

import random
import time

from bench import house, report
from prove.scenarios import Broken, Ground, Result

PHASES = ("unpacking", "staging", "applying", "undoing")
ENDS = {"unpacking": "uploaded", "staging": "planned", "applying": "applied", "undoing": "undone"}
VERBS = {"staging": "match", "applying": "approve", "undoing": "undo"}
PHASE_WITHIN = 300.0  # seconds; a killed worker's import is taken up again after about twenty
KILLS = 2  # of each phase


def imports(ground: Ground, *, people: int, seed: int) -> Result:
    """kill -9 of the worker in every phase of an import: everybody comes in once, and everybody goes when it is taken back."""
    chance = random.Random(seed)
    known = people // 10
    made = ground.house.script(_HERE, "bring", f"--people={people}", f"--known={known}")
    organization, import_ = int(str(made["organization"])), int(str(made["import"]))
    killed = dict.fromkeys(PHASES, 0)
    for phase in PHASES:
        if phase in VERBS:
            ground.house.script(_HERE, VERBS[phase], f"--import={import_}")
        killed[phase] = _torment(ground, import_, phase, chance)
        report.say(f"imports: {phase} ended after {killed[phase]} kills")
        if phase == "applying":
            _expect(
                ground,
                organization,
                contacts=people,
                subscriptions=people,
                proofs=people,
                taggings=people,
                changed=known,
                reverted=0,
            )
    _expect(
        ground, organization, contacts=known, subscriptions=0, proofs=people, taggings=0, changed=0, reverted=people
    )
    if not all(killed.values()):
        raise RuntimeError(f"A phase was over before anybody was killed: {killed}. Bring more people.")
    return Result("imports", None, {f"killed while {phase}": n for phase, n in killed.items()} | {"people": people})


def _torment(ground: Ground, import_: int, phase: str, chance: random.Random) -> int:
    """Kill the worker up to KILLS times while it is at the phase, then wait until the phase is over."""
    began, killed, last = time.monotonic(), 0, ""
    while True:
        state, worker, problem = ground.ask(
            "SELECT state, worker, problem FROM contacts_import WHERE id = %s", import_
        )[0]
        if state == ENDS[phase]:
            return killed
        if state != phase:
            raise Broken(f"The import is {state} and not {phase}: {problem}")
        if time.monotonic() - began > PHASE_WITHIN:
            raise Broken(f"{phase} did not end within {PHASE_WITHIN:.0f} s.\n{ground.running.words()}")
        if worker and worker != last and killed < KILLS:  # a new one has taken it up
            last = worker
            time.sleep(chance.uniform(0.0, 1.2))
            here = ground.ask("SELECT state FROM contacts_import WHERE id = %s", import_)[0][0] == phase
            if here and (pid := ground.running.kill("bulk")):
                killed += 1
                report.say(f"imports: kill -9 bulk (process {pid}) while {phase}")
        time.sleep(0.05)


def _expect(ground: Ground, organization: int, **due: int) -> None:
    found = {name: int(ground.ask(_COUNTS[name], organization)[0][0]) for name in due}
    if found != due:
        raise Broken(f"The import should have left {due}, and left {found}.")
    doubled = ground.ask(
        "SELECT count(*) - count(DISTINCT address_key) FROM contacts_contact WHERE organization_id = %s", organization
    )[0][0]
    if doubled:
        raise Broken(f"{doubled} people are there twice.")


_HERE = house.CHECKOUT / "prove" / "import_seeding.py"
_COUNTS = {
    "contacts": "SELECT count(*) FROM contacts_contact WHERE organization_id = %s AND archived_at IS NULL",
    "subscriptions": "SELECT count(*) FROM contacts_subscription WHERE organization_id = %s",
    "proofs": "SELECT count(*) FROM contacts_consentrecord WHERE organization_id = %s AND action = 'subscribed'",
    "taggings": "SELECT count(*) FROM contacts_tagging WHERE organization_id = %s",
    "changed": """SELECT count(*) FROM contacts_contact
                  WHERE organization_id = %s AND source = 'manual' AND "values" ->> 'city' <> 'Before'""",
    "reverted": "SELECT count(*) FROM contacts_consentrecord WHERE organization_id = %s AND action = 'reverted'",
}
