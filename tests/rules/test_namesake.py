"""Names that may be one woman's: whoever compares them is shown both, and nobody is joined."""

import pytest

from tgd.rules.namesake import Named, is_namesake, words_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ana FICTIVE", "fictive ana"),
        ("Ana Fictive", "Ana FICTIVE-EXEMPLE"),
        ("Élodie Fictive", "ELODIE FICTIVE"),
        ("Anna Fictive", "Anne Fictive"),
        ("Ana Fictive", "Ana  Fictives"),
        ("Ana, Marie Fictive", "Fictive Ana"),
    ],
)
def test_one_name_is_written_in_many_ways(one: str, other: str) -> None:
    assert is_namesake(Named(one), Named(other))
    assert is_namesake(Named(other), Named(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ana Fictive", "Bea Fictive"),
        ("Ana Fictive", "Ana Exemple"),
        ("Ana", "Eva"),  # short words are compared letter by letter
        ("", "Ana Fictive"),
        ("---", "Ana"),
    ],
)
def test_a_name_that_only_shares_a_word_is_another_one(one: str, other: str) -> None:
    assert not is_namesake(Named(one), Named(other))


def test_the_day_of_birth_makes_one_word_enough_and_excludes_nobody() -> None:
    ana = Named("Ana Fictive", "1990-02-03")
    assert is_namesake(ana, Named("Ana Exemple", "1990-02-03")), "she married"
    assert not is_namesake(ana, Named("Ana Exemple", "1990-02-04"))
    assert not is_namesake(ana, Named("Bea Invente", "1990-02-03"))
    assert is_namesake(ana, Named("Ana Fictive", "1990-03-02")), "somebody mistyped it"


def test_words_are_plain_and_the_longest_comes_first() -> None:
    assert words_of("Ana d’Étoile-FICTIVE") == ("fictive", "etoile", "ana", "d")
