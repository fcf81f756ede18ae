"""Texts for the oracle tests: odd ones for the tokenizer, plain ones for the numbers."""

LONG = "The committee reviewed the application twice, and " * 90

ODD = [
    # Blank, short, repeated.
    " ", "\t", "\n\n", "a", ".", "...", "?!?!", "  two  spaces  ", "trailing space ", "\ttab\tin\tbetween",
    "line\nbreak", "carriage\r\nreturn", "x" * 99, "x" * 101, "x" * 300, "aaaa bbbb " * 40, "a " * 200, "-" * 70,
    # Case, accents, composed and decomposed.
    "Hello, my dog is cute", "HELLO WORLD", "CamelCaseWord", "naïve café résumé", "cafe\u0301 re\u0301sume\u0301",
    "ÀÉÎÕÜ àéîõü", "Straße, STRASSE, ẞ", "İstanbul ıssız", "Łódź, Kraków", "Ångström A\u030angstro\u0308m",
    "Tiếng Việt có dấu", "e\u0301\u0302\u0303\u0304 stacked", "\u0301leading mark", "ﬁne ﬂow oﬃce", "Ⅷ ½ ² ㎏ ™",
    "ｆｕｌｌｗｉｄｔｈ ＡＢＣ １２３", "ʼn ǆ ǈ ῼ",
    # Emoji: with modifiers, joiners, flags, keycaps.
    "😀", "good 👍🏽 bad 👎🏿", "family 👨‍👩‍👧‍👦 together", "flags 🇩🇪🇫🇷🇯🇵", "1️⃣ 2️⃣ #️⃣", "heart ❤️ and ❤", "🏳️‍🌈 🧑🏾‍⚕️",
    "no😀space😀here", "😀" * 30,
    # Scripts without spaces, right to left, conjuncts.
    "世界", "我的狗很可爱。", "東京タワーは高い", "한국어 문장입니다", "漢字とカナとABC混在123", "𠀀𠀁 rare ideographs",
    "สวัสดีครับ", "नमस्ते दुनिया", "क्षत्रिय ज्ञान", "வணக்கம்", "مرحبا بالعالم", "اَلْعَرَبِيَّةُ", "שלום עולם", "שָׁלוֹם",
    "mixed שלום and مرحبا text", "Привет, мир!", "Ё ё Й й И\u0306", "Ελληνικά: Άλφα, Ω", "Հայերեն", "ქართული",
    "አማርኛ", "ꦗꦮ", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝓯𝓪𝓷𝓬𝔂", "𐍈 𐌰 gothic",
    # Controls, formats, separators, private use.
    "null\x00inside", "bell\x07 and escape\x1b[31m", "del\x7f c1\x85\x9f", "soft\u00adhyphen", "zero\u200bwidth\u200cjoin\u200d",
    "bom\ufeff inside", "\ufeffbom first", "nbsp\u00a0thin\u2009em\u2003ideo\u3000", "line\u2028para\u2029sep",
    "rtl\u202eoverride\u202c", "private \ue000 \U000f0000", "noncharacter \uffff \ufdd0", "replacement \ufffd \ufffd", "tag \U000e0041",
    # Punctuation, numbers, code, links, and what looks like special tokens.
    "don't can't won't", "“quotes” ‘single’ «angles» „low“", "em—dash en–dash minus−", "$1,234.56 €99 £5 ¥100",
    "3.14159e-10 0x1F 1/2 50%", "user@example.com", "http://example.com/a?b=c&d=%20#frag", "C:\\path\\file.txt",
    "def f(x): return x**2  # comment", "<b>bold</b> &amp;", "{\"json\": [1, 2]}", "#hashtag @mention", "snake_case kebab-case",
    "[CLS] [SEP] [MASK] [PAD] [UNK]", "text [MASK] text", "[cls] [mask", "##able ##", "▁underline ▁▁", "`~^|\\", "¿Qué? ¡Sí!",
    # Long.
    LONG, "Zürich 世界 😀 " * 60, "pneumonoultramicroscopicsilicovolcanoconiosis " * 20,
]

PAIRS = [
    ("Who lives there?", "A dog lives there."), ("short", "A much longer second text, with a comma, that goes on. " * 4),
    ("A much longer first text, with a comma, that goes on. " * 4, "short"), ("café 😀", "世界 naïve"), (" ", "x"),
    ("same", "same"), ("e\u0301", "\u200b e"), ("[SEP]", "[CLS]"),
]

PROSE = [
    "yes", "Hello, my dog is cute", "The loan was declined because payments arrived late.",
    "Income is steady, and the applicant has lived at the same address for nine years.",
    "I do not think that this film is as bad as people say; the second half even made me laugh.",
    "Prices rose by 3.2 percent in March, after 2.9 percent in February and 2.1 percent a year before.",
    "Zürich's naïve café owner paid €4.50 for a crème brûlée 🍮, didn't he?", "我的狗很可爱。 My dog is cute.",
    "aaaa " * 12, "The, the; the: the. The! the? (the) 'the'", "A B C D E F G H I J K L M N O P Q R S T U V W X Y Z",
    "Shipment 4471-B left Rotterdam on 12 May, was held in customs for six days and reached Lyon on the 23rd.",
    "Patients who were given the new drug slept longer, ate more, and complained less of headaches than the others.",
    "She opened the letter, read it twice, folded it, put it back, and said nothing for the rest of the evening.",
    "def saliency(x): return abs(grad(f)(x))  # one line of code", "No.", "not good, not bad, not cheap, not new",
    " ".join(f"Clause {i}: the borrower shall pay on day {i}." for i in range(1, 13)),
    " ".join(f"Row {i} of the ledger shows {i * 37 % 101} units sold and {i * 11 % 17} returned." for i in range(1, 15)),
    LONG,
]
