"""A succession of establishments (Insee, StockEtablissementLiensSuccession): a move, or a business taken over."""

from observatoire.identifiers import is_siret
from observatoire.schemas import BOOLEEN, DATE, TEXTE, Colonne, Table, signalement

SIRET_VALIDE = signalement("siret_invalide", "SIRET invalide (quatorze chiffres et clé de contrôle attendus)", is_siret)

TABLE = Table(
    "Liens de succession entre établissements du répertoire Sirene.",
    (
        Colonne(
            "siret_predecesseur",
            TEXTE,
            "SIRET de l'établissement remplacé.",
            ("siretEtablissementPredecesseur",),
            requise=True,
            obligatoire=True,
            genre="siret",
            regles=(SIRET_VALIDE,),
        ),
        Colonne(
            "siret_successeur",
            TEXTE,
            "SIRET de l'établissement qui le remplace.",
            ("siretEtablissementSuccesseur",),
            requise=True,
            obligatoire=True,
            genre="siret",
            regles=(SIRET_VALIDE,),
        ),
        Colonne(
            "date_lien",
            DATE,
            "Date de la succession ; vide quand Sirene ne la connaît pas.",
            ("dateLienSuccession",),
            requise=True,
            vides=("1900-01-01",),
        ),
        Colonne("est_transfert_siege", BOOLEEN, "Transfert du siège de l'unité légale.", ("transfertSiege",)),
        Colonne(
            "est_continuite_economique",
            BOOLEEN,
            "L'activité, ou l'emploi, passe du premier au second.",
            ("continuiteEconomique",),
        ),
        Colonne("date_traitement", DATE, "Dernier traitement du lien.", ("dateDernierTraitementLienSuccession",)),
    ),
    # a link told twice, at two dates of treatment, is one link
    cle=("siret_predecesseur", "siret_successeur", "date_lien"),
    gravite_cle="signalement",
    regles=(
        signalement(
            "deux_etablissements",
            "un établissement ne se succède pas à lui-même",
            lambda lignes: lignes["siret_predecesseur"].astype("str") != lignes["siret_successeur"].astype("str"),
        ),
    ),
)
