"""What the operations page says of the last quarter of an hour, the last hour and the time since the start."""

from services.desk.hops import Numbers, Place, Tally
from services.desk.recent_numbers import HOUR, QUARTER, RecentNumbers

CASES: Place = ("desk", "cases")


async def nobody() -> dict[str, str]:
    return {}


def sample(quick: int, slow: int, behind: int = 0) -> Numbers:
    """So many hops under 0.1 s and so many under 5 s, since the start."""
    buckets = ((0.1, float(quick)), (5.0, float(quick + slow)), (float("inf"), float(quick + slow)))
    return Numbers({CASES: Tally(buckets, 0.0)}, {CASES: behind})


class Told:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def shown(recent: RecentNumbers, now: Numbers) -> tuple[object, ...]:
    (row,) = recent.hops(now)
    return tuple((span.count, span.seconds) if span else None for span in (row.quarter, row.hour, row.start))


def test_a_slow_morning_does_not_hide_that_the_last_quarter_of_an_hour_was_quick() -> None:
    clock = Told()
    recent = RecentNumbers(nobody, clock)
    recent.note(sample(quick=0, slow=100))
    clock.now = HOUR - QUARTER
    recent.note(sample(quick=100, slow=150))
    clock.now = HOUR
    assert shown(recent, sample(quick=400, slow=150)) == ((300, 0.1), (450, 5.0), (550, 5.0))


def test_a_window_that_the_samples_do_not_reach_back_to_begins_with_the_start() -> None:
    recent = RecentNumbers(nobody, Told())
    recent.note(sample(quick=5, slow=0))
    assert shown(recent, sample(quick=9, slow=0)) == ((9, 0.1), (9, 0.1), (9, 0.1))


def test_what_did_not_pass_of_late_is_none_and_a_service_that_began_again_counts_from_there() -> None:
    clock = Told()
    recent = RecentNumbers(nobody, clock)
    recent.note(sample(quick=50, slow=0))
    clock.now = QUARTER
    assert shown(recent, sample(quick=50, slow=0)) == (None, (50, 0.1), (50, 0.1))
    assert shown(recent, sample(quick=3, slow=0)) == ((3, 0.1), (3, 0.1), (3, 0.1))


def test_the_furthest_that_a_topic_was_behind_is_kept_for_an_hour() -> None:
    clock = Told()
    recent = RecentNumbers(nobody, clock)
    recent.note(sample(quick=1, slow=0, behind=900))
    recent.note(sample(quick=1, slow=0, behind=4))
    assert recent.furthest_behind() == {CASES: 900}
    for minute in range(61):
        clock.now = 60.0 * minute
        recent.note(sample(quick=1, slow=0, behind=2))
    assert recent.furthest_behind() == {CASES: 2}
