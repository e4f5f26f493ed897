"""A report's code can be tried a few times, then not for a while; other reports' are looked at meanwhile."""

from services.intake.wrong_codes import REFERENCES_KEPT, TRIES, WITHIN_SECONDS, WrongCodes


def test_after_so_many_wrong_codes_none_is_looked_at_until_the_time_is_over() -> None:
    now = 0.0
    codes = WrongCodes(lambda: now)
    for _ in range(TRIES):
        assert not codes.too_many("R-1")
        codes.count("R-1")
    assert codes.too_many("R-1")
    assert not codes.too_many("R-2")
    now = WITHIN_SECONDS
    assert not codes.too_many("R-1")
    codes.count("R-1")
    assert not codes.too_many("R-1")


def test_what_is_counted_does_not_grow_without_end() -> None:
    codes = WrongCodes(lambda: 0.0)
    for number in range(REFERENCES_KEPT + TRIES):
        codes.count(f"R-{number}")
    for _ in range(TRIES - 1):
        codes.count("R-0")
    assert not codes.too_many("R-0"), "it was forgotten, and begins anew"
    assert len(codes._wrong) == REFERENCES_KEPT
