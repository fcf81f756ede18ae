"""The wording of the credit texts.

Brackets mark the evidence within its verb phrase; what stands outside them ("has a", "last spring") goes with both
labels. Braces are slots, filled from SLOTS or with the person the text is about: {who} is "Zoë Marsh" or "she", {Who}
the same at the start of a sentence, {her} is "her" or "his", {age} stays the same. Many words of the evidence occur in neutral
sentences too (payments, income, missed, stable, years), so that it takes the phrase to decide.
"""

STRONG = {
    "declined": (
        "[missed {count} payments] last {season}",
        "[missed {count} instalments in {year}]",
        "[stopped paying back a loan of {amount}]",
        "[defaulted on a {loan} loan] in {year}",
        "[filed for bankruptcy in {month}]",
        "[owes {amount} in unpaid taxes]",
        "[is {count} months behind on the rent]",
        "has [debts of {amount} in collection]",
        "[was dismissed in {month}]",
        "[gave false figures for {year}]",
        "[overdrew {her} account {count} times]",
    ),
    "approved": (
        "has a [stable income for {count} years]",
        "[earned a stable income since {year}]",
        "[paid back {count} loans on time] last {season}",
        "[repaid a {loan} loan in full] in {year}",
        "[never missed a payment in {count} years]",
        "has [savings of {amount}]",
        "[owns a {home} free of debt]",
        "has a [permanent contract since {year}]",
        "[settled a debt of {amount} early]",
        "has a [guarantor with {amount}]",
        "[always paid the rent in {count} years]",
    ),
}

WEAK = {
    "declined": (
        "[changed jobs again in {month}]",
        "[went slightly into overdraft in {month}]",
        "[paid one bill {count} days late]",
        "has a [short history of {count} months]",
        "[forgot one fee in {year}]",
    ),
    "approved": (
        "[got a small raise in {month}]",
        "[stayed mostly in credit since {month}]",
        "[paid one bill {count} days early]",
        "has a [careful budget for {count} months]",
        "[saved a little in {year}]",
    ),
}

EVIDENCE_FRAMES = (
    "{Who} {evidence}.",
    "{Who} {evidence}.",
    "At {age}, {who} {evidence}.",
    "The file shows that {who} {evidence}.",
    "A clerk in {city} notes that {who} {evidence}.",
    "According to the bank, {who} {evidence}.",
    "{Who} lives in {city} and {evidence}.",
    "{Who} asks for {amount} and {evidence}.",
    "Records from {city} say {who} {evidence}, as the report states.",
)

NEUTRAL = (
    "{Who} is {age} years old.",
    "{Who} lives in {city}.",
    "{Who} has lived in {city} for {count} years.",
    "{Who} moved to {city} in {year}.",
    "{Who} spent two weeks in {city} last {season}.",
    "{Who} asks for {amount}.",
    "{Who} wants {amount} {purpose}.",
    "{Who} applied in {month} {purpose}.",
    "The money is meant {purpose}.",
    "The loan would run for {count} years.",
    "Monthly payments would start in {month}.",
    "The first instalment would be due in {month}.",
    "Proof of income was attached in {month}.",
    "A copy of the contract came from {city}.",
    "The form was signed in {city} on a {day}.",
    "{Who} called the branch in {city} on a {day}.",
    "{Who} missed the bus on {day} and came by bicycle.",
    "{Who} keeps {count} horses in a stable near {city}.",
    "{Who} works as {job} in {city}.",
    "{Who} has {count} children and a dog.",
    "{Who} speaks {count} languages.",
    "{Who} plays {game} every {day}.",
    "A friend from {city} will help with the {home}.",
    "The bank in {city} sent the papers back on {day}.",
    "Two clerks read the file in {month}.",
    "It rained in {city} when {who} visited the bank.",
    "The account was opened in {city} in {year}.",
)

SLOTS = {
    "count": ("three", "two", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve"),
    "amount": tuple(f"{euros} euros" for euros in (
        "1,500", "2,800", "4,000", "5,200", "6,700", "7,500", "8,300", "9,500", "11,000", "12,400", "14,000", "16,500",
        "18,900", "21,000", "25,000", "30,500", "36,000", "42,000")),
    "year": tuple(str(year) for year in range(2008, 2024)),
    "month": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
              "November", "December"),
    "season": ("spring", "summer", "autumn", "winter", "year", "term"),
    "day": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"),
    "loan": ("car", "student", "home", "boat", "farm", "business", "travel"),
    "home": ("house", "flat", "cottage", "farm", "shop", "cabin", "garage"),
    "purpose": ("for a new roof", "for a used car", "to repair the heating", "to open a bakery", "for a wedding",
                "to study in the evening", "for a small boat", "to furnish a flat", "for two cows", "to rent a shop",
                "for a set of tools", "to travel abroad", "for a new kitchen", "to plant an orchard"),
    "job": ("a nurse", "a baker", "a driver", "a teacher", "a carpenter", "a translator", "a gardener", "a cook",
            "a mechanic", "a musician", "a librarian", "a welder"),
    "game": ("chess", "football", "tennis", "cards", "the violin", "handball", "the piano"),
    "city": ("Zürich", "Porto", "Kraków", "Lyon", "Göteborg", "Leeds", "Málaga", "Ghent", "Turin", "Łódź", "Tartu",
             "Cork", "Århus", "Besançon", "Graz", "Brno", "Košice", "Utrecht", "Coimbra", "Bergen", "Győr", "Seville",
             "Kaunas", "Piraeus", "Würzburg", "Nîmes", "Plovdiv", "Tromsø"),
}

SHE = ("Zoë", "Ana", "Chloé", "Małgorzata", "Ingrid", "Renée", "Sofia", "Eszter", "Åsa", "Grace", "Lucía", "Hannah",
       "Věra", "Nadia", "Brónach", "Emma")
HE = ("José", "Łukasz", "André", "Björn", "Tom", "Søren", "Jürgen", "Marek", "Iñigo", "David", "Ömer", "Pál", "Luís",
      "Henrik", "Kwame", "François")
SURNAMES = ("Marsh", "Almeida", "Wójcik", "Müller", "Nuñez", "Lefèvre", "Novák", "Berg", "O'Neill", "Kovács", "Rossi",
            "Sjöström", "de Vries", "Petrov", "Añel", "Castro", "Haddad", "Yıldız", "Brown", "Fernández")
