"""The wordings of the article that allows an allocation, paragraph by paragraph, as published.

That of 2024 is the one of 2019 with the two changes of the law of 13 June 2024.
"""

_SOUGHT = " L'attribution peut être sollicitée par tout moyen."


def _first(sought: str) -> str:
    return (
        "En cas de grave danger menaçant une personne victime de violences de la part de son"
        " conjoint, de son concubin ou de son partenaire lié par un pacte civil de solidarité, le"
        " procureur de la République peut attribuer à la victime, pour une durée renouvelable de"
        " six mois et si elle y consent expressément, un dispositif de téléprotection lui"
        f" permettant d'alerter les autorités publiques.{sought} Avec l'accord de la victime, ce"
        " dispositif peut, le cas échéant, permettre sa géolocalisation au moment où elle déclenche"
        " l'alerte."
    )


def _banned(oppi: str = "") -> str:
    return (
        "a fait l'objet d'une interdiction judiciaire d'entrer en contact avec la victime dans le"
        f" cadre d'une ordonnance de protection{oppi}, d'une alternative aux poursuites, d'une"
        " composition pénale, d'un contrôle judiciaire, d'une assignation à résidence sous"
        " surveillance électronique, d'une condamnation, d'un aménagement de peine ou d'une mesure"
        " de sûreté"
    )


_APART = (
    "Le dispositif de téléprotection ne peut être attribué qu'en l'absence de cohabitation entre la"
    " victime et l'auteur des violences et"
)
_FORMER = (
    "Le présent article est également applicable lorsque les violences ont été commises par un"
    " ancien conjoint ou concubin de la victime, ou par une personne ayant été liée à elle par un"
    " pacte civil de solidarité, ainsi qu'en cas de grave danger menaçant une personne victime de"
    " viol."
)
_IMMINENT = (
    "2° Soit en cas de danger avéré et imminent, lorsque l'auteur des violences est en fuite ou n'a"
    " pas encore pu être interpellé ou lorsque l'interdiction judiciaire d'entrer en contact avec"
    " la victime dans l'un des cadres prévus au 1° n'a pas encore été prononcée."
)
_SHORTENED = (
    "Lorsque le dispositif de téléprotection est attribué dans le cadre d'une ordonnance provisoire"
    " de protection immédiate et que celle-ci n'est pas suivie de l'octroi d'une ordonnance de"
    " protection, la durée de six mois mentionnée au premier alinéa peut être réduite par le"
    " procureur de la République."
)
_OPPI = " ou d'une ordonnance provisoire de protection immédiate"

OF_2014 = (
    ("al. 1", _first("")), ("al. 2", f"{_APART} lorsque ce dernier {_banned()}."),
    ("al. 3", _FORMER),
)  # fmt: skip
OF_2019 = (
    ("al. 1", _first(_SOUGHT)), ("al. 2", f"{_APART} :"),
    ("al. 3 (1°)", f"1° Soit lorsque ce dernier {_banned()} ;"), ("al. 4 (2°)", _IMMINENT),
    ("al. 5", _FORMER),
)  # fmt: skip
OF_2024 = (
    *OF_2019[:2], ("al. 3 (1°)", f"1° Soit lorsque ce dernier {_banned(_OPPI)} ;"), *OF_2019[3:],
    ("al. 6", _SHORTENED),
)  # fmt: skip
