"""What the words of a document allow a declared figure to mean: fixed beforehand, one row a definition.

Several rows for one figure say that the document does not choose; how many were tried is displayed with the verdict.
"""

from observatoire.schemas import DATE, TEXTE, Colonne, Table

TABLE = Table(
    "Définitions admises des grandeurs que des documents déclarent, fixées avant de comparer.",
    (
        Colonne("document", TEXTE, "Document.", requise=True, obligatoire=True),
        Colonne("grandeur", TEXTE, "Grandeur déclarée.", requise=True, obligatoire=True),
        Colonne("indicateur", TEXTE, "Indicateur que les mots permettent d'entendre.", requise=True, obligatoire=True),
        Colonne("mots", TEXTE, "Mots du document qui fixent cette définition.", requise=True, obligatoire=True),
        Colonne("raison", TEXTE, "Pourquoi ces mots permettent cette définition.", requise=True, obligatoire=True),
        Colonne("fixee_le", DATE, "Jour où la définition a été fixée.", requise=True, obligatoire=True),
    ),
    cle=("document", "grandeur", "indicateur"),
)
