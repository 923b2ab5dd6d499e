"""What people are called, and of what they talk, by language."""

from dataclasses import dataclass

FIRST_NAMES = (
    "Ada", "Amir", "Anouk", "Bela", "Carmen", "Chidi", "Dag", "Elif", "Emre", "Fatou", "Femke", "Goran", "Hana", "Ines",
    "Ivo", "Jonas", "Kaya", "Lena", "Luca", "Mara", "Mei", "Milan", "Nadia", "Noor", "Olga", "Paulo", "Quentin", "Rosa",
    "Samir", "Selma", "Tariq", "Tilda", "Umar", "Vera", "Wim", "Xenia", "Yara", "Yusuf", "Zoe", "Zoltan",
)  # fmt: skip
LAST_NAMES = (
    "Abel", "Almeida", "Berg", "Bianchi", "Castro", "Costa", "Dubois", "Eker", "Farkas", "Fischer", "Garcia", "Haas",
    "Ito", "Jansen", "Kaya", "Keller", "Lang", "Lopez", "Marin", "Meyer", "Moreau", "Nagy", "Novak", "Okafor", "Pires",
    "Rossi", "Santos", "Schmid", "Silva", "Tanaka", "Vogel", "Weber", "Winter", "Yilmaz", "Zimmer",
)  # fmt: skip
TAGS = (
    "boats", "harbour", "bread", "books", "cycling", "garden", "birds", "trains", "music", "photography", "hiking",
    "history", "coffee", "maps", "weather", "knitting", "chess", "swimming", "opensource", "smallweb",
)  # fmt: skip


@dataclass(frozen=True)
class Language:
    """Sentences with a gap for a thing, the things, and what one answers; `weight`: how many people speak it, of 100."""

    code: str
    weight: int
    sentences: tuple[str, ...]
    things: tuple[str, ...]
    answers: tuple[str, ...]


LANGUAGES = (
    Language("en", 46, (
        "Found {} at the market this morning.", "Nobody told me that {} could be this loud.", "Day three with {}: it works.",
        "Does anybody here know how to repair {}?", "A short note on {}, because I keep forgetting it.",
        "We walked along the river and talked about {}.", "If you only read one thing today, read about {}.",
        "I have changed my mind about {}.", "The train was late, so I drew {}.", "Still thinking of {} from yesterday.",
        ), ("an old sextant", "the new ferry", "rye bread", "my grandmother's atlas", "a folding bicycle", "the tide tables",
            "winter radishes", "a tin whistle", "the second-hand shop", "the lighthouse", "a box of slides", "two herons"),
        ("I had the same.", "Thank you, that helped!", "Where was that?", "Same here, every single year.",
         "Do you have a picture?", "I would try it the other way round.")),
    Language("de", 18, (
        "Der Tag begann mit {}.", "Kennt sich hier jemand mit {} aus?", "Heute lange neben {} gesessen und gezeichnet.",
        "Kleine Notiz zu {}, damit ich es nicht vergesse.", "Was macht man eigentlich mit {}?", "Morgen mehr von {}.",
        ), ("einem alten Kompass", "der neuen Fähre", "dem Roggenbrot", "dem Leuchtturm", "einer Kiste Dias", "zwei Reihern"),
        ("Das kenne ich gut.", "Danke, das hat geholfen!", "Wo war das?", "Bei uns genauso.")),
    Language("fr", 12, (
        "Ce matin, j'ai dessiné {}.", "Quelqu'un sait réparer {} ?", "Une petite note sur {}, pour mémoire.",
        "On a marché le long du fleuve jusqu'au soir, avec {}.", "J'ai changé d'avis sur {}.",
        ), ("un vieux sextant", "le nouveau ferry", "une tarte aux poires", "le phare", "une boîte de diapositives"),
        ("Pareil chez nous.", "Merci, ça m'a aidée !", "C'était où ?", "Tu as une photo ?")),
    Language("es", 12, (
        "Esta mañana dibujé {}.", "¿Alguien sabe arreglar {}?", "Una nota breve sobre {}, para no olvidarla.",
        "Caminamos junto al río hablando sobre {}.", "He cambiado de opinión sobre {}.",
        ), ("un sextante antiguo", "el nuevo transbordador", "el pan de centeno", "el faro", "una caja de diapositivas"),
        ("Me pasó lo mismo.", "¡Gracias, me ayudó!", "¿Dónde fue?", "¿Tienes una foto?")),
    Language("pt", 7, (
        "Hoje de manhã achei {} na feira.", "Alguém sabe consertar {}?", "Uma nota curta sobre {}, para não esquecer.",
        ), ("um sextante antigo", "a nova balsa", "pão de centeio", "o farol"),
        ("Aqui também.", "Obrigada, ajudou!", "Onde foi isso?")),
    Language("nl", 5, (
        "Vanochtend op de markt {} gevonden.", "Weet iemand hoe je {} repareert?", "Korte notitie over {}, voor later.",
        ), ("een oude sextant", "de nieuwe veerboot", "roggebrood", "de vuurtoren"),
        ("Hier ook.", "Dank je, dat hielp!", "Waar was dat?")),
)  # fmt: skip
