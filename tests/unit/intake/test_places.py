"""A case's title and events name a street or a place, never a house number or whose home it is."""

import pytest

from services.intake.domain.places import street_of


@pytest.mark.parametrize(
    ("words", "street"),
    [
        ("Ashcroft Road, behind the garages", "Ashcroft Road"),
        ("garages behind Ashcroft Road", "garages behind Ashcroft Road"),
        ("12a-14 Marsh Rd", "Marsh Rd"),
        ("12, High Street", "High Street"),
        ("Flat A, 12 High St", "High St"),
        ("Flat 3 Marsh House, High St", "Marsh House"),
        ("B2 Marsh House", None),
        ("Marsh Rd 12", None),
        ("No 4", None),
        ("A505 Dunstable Road", "A505 Dunstable Road"),
        ("M1 junction 11", "M1 junction 11"),
        ("Mrs Invented Person's flat behind Ashcroft Road", "Ashcroft Road"),
        ("invented person's house, 4 Marsh Road", "Marsh Road"),
        ("outside Dr Invented's surgery on Marsh Road", "Marsh Road"),
        ("Invented Person's", None),
        ("my mum's", None),
        ("MR PERSON 14 HIGH STREET", None),
        ("St George's Square", "St George's Square"),
        ("Plaiters' Lea", "Plaiters' Lea"),
        ("On or near Clark'S Pightle", "Clark'S Pightle"),
        ("On or near Parking Area", "Parking Area"),
        ("", None),
        (None, None),
    ],
)
def test_a_street_is_told_without_number_and_without_whose_home_it_is(words: str | None, street: str | None) -> None:
    assert street_of(words) == street
