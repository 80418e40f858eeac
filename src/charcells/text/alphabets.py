"""The letters of languages, and the encodings in which texts in these languages are kept."""

import unicodedata

_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщьюя"
_VIETNAMESE = (f"{vowel}{tone}" for vowel in "aăâeêioôơuưy" for tone in "\u0300\u0301\u0303\u0309\u0323")

ALPHABETS = {
    "English": "éèêëïôöçàâæœñü",
    "French": "àâæçéèêëîïôœùûüÿ",
    "Spanish": "áéíñóúü",
    "Portuguese": "áâãàçéêíóôõúüè",
    "Catalan": "àçèéíïòóúü",
    "Italian": "àèéìîòóù",
    "German": "äöüß",
    "Dutch": "éèëïöüáóí",
    "Danish, Norwegian": "æøåéèêóòâôä",
    "Swedish, Finnish": "åäöéàüšž",
    "Icelandic": "áðéíóúýþæö",
    "Polish": "ąćęłńóśźż",
    "Czech": "áčďéěíňóřšťúůýž",
    "Slovak": "áäčďéíĺľňóôŕšťúýž",
    "Hungarian": "áéíóöőúüű",
    "Croatian, Slovene": "čćđšž",
    "Romanian": "ăâîșțşţ",
    "Turkish": "çğıöşüâîû" + "İ".lower(),
    "Lithuanian": "ąčęėįšųūž",
    "Latvian": "āčēģīķļņōŗšūž",
    "Estonian": "äõöüšž",
    "Russian": _CYRILLIC + "ёъыэ",
    "Ukrainian": _CYRILLIC + "ґєії",
    "Belarusian": _CYRILLIC + "ёіўыэ",
    "Bulgarian": _CYRILLIC + "ъѝ",
    "Serbian, Macedonian": _CYRILLIC + "ђјљњћџѓќѕ",
    "Greek": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",
    "Hebrew": "אבגדהוזחטיךכלםמןנסעףפץצקרשת" + "".join(map(chr, range(0x5B0, 0x5C3))),
    "Arabic": "".join(map(chr, (*range(0x621, 0x63B), *range(0x640, 0x653)))) + "،؛؟",
    "Persian": "ءآأؤئابتثجحخدذرزسشصضطظعغفقلمنهوپچژکگیيىكة،؛؟\u200c",
    "Thai": "".join(map(chr, (*range(0xE01, 0xE3B), *range(0xE40, 0xE5A)))),
    "Vietnamese": "ăâđêôơư" + "".join(unicodedata.normalize("NFC", letter) for letter in _VIETNAMESE),
}
"""The lower-case letters of each language besides a to z, and what else is part of its words."""

IDEOGRAPHS = ((0x4E00, 0xA000),)
KANA = ((0x3040, 0x3100),)
SYLLABARIES = {
    "Japanese": (*IDEOGRAPHS, *KANA),
    "Chinese": IDEOGRAPHS,
    "Korean": ((0xAC00, 0xD7A4),),
}
"""Ranges of code points, first and last + 1, for languages with too many characters for a list."""

_WESTERN = ("English", "French", "Spanish", "Portuguese", "Catalan", "Italian", "German", "Dutch")
_NORTHERN = ("Danish, Norwegian", "Swedish, Finnish", "Icelandic")
_CENTRAL = ("Polish", "Czech", "Slovak", "Hungarian", "Croatian, Slovene", "Romanian", "German")
_BALTIC = ("Lithuanian", "Latvian", "Estonian")
_SLAVIC = ("Russian", "Ukrainian", "Belarusian", "Bulgarian", "Serbian, Macedonian")

ENCODINGS = {
    "iso-8859-1": (*_WESTERN, *_NORTHERN),
    "cp1252": (*_WESTERN, *_NORTHERN, "Estonian"),
    "iso-8859-15": (*_WESTERN, *_NORTHERN, "Estonian"),
    "mac-roman": (*_WESTERN, *_NORTHERN),
    "cp850": (*_WESTERN, *_NORTHERN),
    "cp1251": _SLAVIC,
    "koi8-r": ("Russian",),
    "koi8-u": ("Ukrainian",),
    "iso-8859-5": _SLAVIC,
    "cp866": ("Russian", "Belarusian", "Bulgarian"),
    "mac-cyrillic": _SLAVIC,
    "cp1250": _CENTRAL,
    "iso-8859-2": _CENTRAL,
    "cp852": _CENTRAL,
    "iso-8859-16": _CENTRAL,
    "cp1254": ("Turkish",),
    "iso-8859-9": ("Turkish",),
    "cp1257": _BALTIC,
    "iso-8859-13": _BALTIC,
    "cp1253": ("Greek",),
    "iso-8859-7": ("Greek",),
    "cp1255": ("Hebrew",),
    "iso-8859-8": ("Hebrew",),
    "cp1256": ("Arabic", "Persian"),
    "iso-8859-6": ("Arabic",),
    "cp874": ("Thai",),
    "cp1258": ("Vietnamese",),
    "shift_jis": ("Japanese",),
    "cp932": ("Japanese",),
    "euc-jp": ("Japanese",),
    "gb18030": ("Chinese",),
    "big5": ("Chinese",),
    "big5hkscs": ("Chinese",),
    "euc-kr": ("Korean",),
    "cp949": ("Korean",),
}
"""Encodings in the order in which they are named if several read a file alike, each with its languages."""
