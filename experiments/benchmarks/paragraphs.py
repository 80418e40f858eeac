"""Short paragraphs in many languages, and the encodings in which such text is found: what advice is measured on.

All paragraphs were written for this purpose.
"""

import unicodedata
from dataclasses import dataclass

PLAIN = {"’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": "-", "…": "..."}
"""What people type where an encoding lacks a typographic character."""


@dataclass(frozen=True)
class Paragraph:
    """A text and the encodings, besides Unicode's own, in which texts in this language are kept."""

    language: str
    encodings: tuple[str, ...]
    text: str

    def readable_in(self, encoding: str) -> str:
        """The text as it is typed in an encoding: typographic characters that it lacks are replaced by plain ones.

        Raises UnicodeEncodeError if it lacks a letter.
        """
        text = self.text
        if encoding == "cp1258":  # has vowels with a hat or horn, but the tone marks follow as characters of their own
            text = "".join(_without_tone(character) for character in text)
        for character, plain in PLAIN.items():
            if character in text and not _has(encoding, character):
                text = text.replace(character, plain)
        text.encode(encoding)
        return text


def _has(encoding: str, character: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _without_tone(character: str) -> str:
    """A Vietnamese letter, with its tone as a combining mark where cp1258 needs that."""
    if _has("cp1258", character):
        return character
    parts = unicodedata.normalize("NFD", character)
    tone = next((part for part in parts if part in "\u0300\u0301\u0303\u0309\u0323"), "")
    return unicodedata.normalize("NFC", parts.replace(tone, "")) + tone


WESTERN = ("cp1252", "iso-8859-1", "iso-8859-15", "mac-roman", "cp850")
CENTRAL = ("cp1250", "iso-8859-2", "cp852")
CYRILLIC = ("koi8-r", "cp1251", "iso-8859-5", "cp866", "mac-cyrillic")

PARAGRAPHS = (
    Paragraph(
        "Russian",
        CYRILLIC,
        "Бабушка каждое утро выходила на крыльцо и кормила голубей хлебными крошками. Соседи ворчали, что птицы "
        "портят крышу, но она только улыбалась: «Пусть едят, зима будет долгой». Когда выпал первый снег, голуби не "
        "улетели. Они сидели на заборе и ждали, пока откроется дверь. Я до сих пор помню скрип этой двери и запах "
        "тёплого хлеба.\nПотом дом продали, и новые хозяева поставили железные ворота.\n",
    ),
    Paragraph(
        "Ukrainian",
        ("koi8-u", "cp1251", "iso-8859-5", "mac-cyrillic"),
        "Улітку ми їздили до дідуся в село, що лежало між двома річками. Зранку він будив нас і казав: «Ходімо, "
        "діти, риба не чекатиме». Ми сідали у старий човен і мовчки дивилися, як із води піднімається туман. Її "
        "голос було чути аж на тому березі, коли бабуся кликала снідати. Єдине, чого ми боялися, — це великого "
        "сусідського півня.\nТепер там ніхто не живе.\n",
    ),
    Paragraph(
        "Bulgarian",
        ("cp1251", "iso-8859-5", "mac-cyrillic"),
        "Старият часовникар отваряше магазина си точно в девет. Никой не знаеше откъде е дошъл, но всички носеха при "
        "него счупените си часовници. Той ги слагаше до ухото си, затваряше очи и слушаше. После казваше: „Този е "
        "само уморен“. Градът се променяше, а неговата малка витрина си оставаше същата.\nЕдин ден вратата не се "
        "отвори.\n",
    ),
    Paragraph(
        "Greek",
        ("cp1253", "iso-8859-7"),
        "Το καράβι έφτασε στο λιμάνι λίγο πριν από τα μεσάνυχτα. Οι άνθρωποι περίμεναν σιωπηλοί στην προκυμαία, με "
        "τα φανάρια στα χέρια. Ο καπετάνιος κατέβηκε πρώτος και είπε: «Φέραμε αλάτι και γράμματα». Κάποια γυναίκα "
        "άρχισε να κλαίει, γιατί είχε να δει τον αδελφό της δέκα χρόνια. Ύστερα άναψαν όλα τα παράθυρα του χωριού.\n"
        "Έτσι τελείωσε εκείνος ο χειμώνας.\n",
    ),
    Paragraph(
        "Hebrew",
        ("cp1255", "iso-8859-8"),
        "הספרן הזקן ידע בדיוק היכן עומד כל ספר על המדפים. כשבאו אליו הילדים, הוא לא שאל מה הם רוצים לקרוא אלא ממה הם "
        "מפחדים. אחר כך היה עולה בסולם וחוזר עם ספר קטן ומאובק. לפעמים חיכינו שעה שלמה עד שירד. בחורף היה מדליק תנור "
        "קטן בפינת החדר, וכולנו ישבנו סביבו וקראנו בשקט.\nאיש לא ידע את שמו.\n",
    ),
    Paragraph(
        "Turkish",
        ("cp1254", "iso-8859-9"),
        "Yağmur üç gün boyunca hiç durmadan yağdı. Köyün çocukları pencerenin önünde oturup dışarıdaki çamurlu yolu "
        "seyrediyordu. Dedem sobaya odun attı ve gülerek şöyle dedi: “Güneş utangaçtır, çağırmazsanız gelmez.” İlk "
        "önce küçük kardeşim şarkı söylemeye başladı, sonra hepimiz ona katıldık. Akşama doğru bulutlar dağıldı.\nO "
        "günden beri yağmurlu havalarda şarkı söylerim.\n",
    ),
    Paragraph(
        "French",
        WESTERN,
        "Le facteur s’arrêtait toujours devant la dernière maison du village, même quand il n’avait rien à y déposer. "
        "La vieille dame lui offrait un café très fort, et il lui racontait ce qu’il avait vu en chemin : un chêne "
        "abattu, des élèves déguisés, un âne échappé. « Revenez demain », disait-elle. Il revint jusqu’à sa retraite. "
        "Où était passé le temps ?\nÇa, personne ne le savait.\n",
    ),
    Paragraph(
        "Spanish",
        WESTERN,
        "El señor Ibáñez guardaba las llaves de todo el pueblo colgadas detrás de la puerta. Nadie sabía por qué, pero "
        "cuando alguien perdía la suya, iba a su casa y él decía: «¿Cuál era, la pequeña o la de latón?». Así pasaron "
        "cuarenta años. El día que murió, su sobrina encontró también un corazón de hojalata con una inscripción: "
        "¡vuelve pronto!\nTodavía nadie lo ha reclamado.\n",
    ),
    Paragraph(
        "Portuguese",
        WESTERN,
        "A estação ficava longe da vila, e por isso ninguém ia esperar o comboio. O meu avô, porém, caminhava até lá "
        "todas as manhãs, com um guarda-chuva e um jornal da véspera. “Um dia há de chegar alguém”, respondia quando "
        "lhe faziam perguntas. E chegou: uma menina de olhos enormes, com uma mala de cartão e uma canção que não "
        "acabava.\nÀs vezes ainda a ouço.\n",
    ),
    Paragraph(
        "German",
        WESTERN,
        "Der Müller öffnete das Fenster und hörte, wie das Wasser über die Räder stürzte. Früher hatte er jeden Morgen "
        "vierzig Säcke gemahlen; heute kamen nur noch ein paar Bäcker aus den Dörfern. „Größer werden wir nicht mehr“, "
        "sagte seine Frau und schüttelte die Schürze aus. Trotzdem strich er im Frühjahr die Läden grün. Äpfel lagen "
        "im Gras.\nÜber Nacht fiel Schnee.\n",
    ),
    Paragraph(
        "Italian",
        ("cp1252", "iso-8859-1", "mac-roman", "cp850"),
        "La bottega del liutaio era così piccola che ci si entrava uno alla volta. Lui non alzava mai la testa: "
        "riconosceva le persone dal passo. Perché usasse soltanto legno caduto da sé, non l’ha mai spiegato. Però "
        "ogni violino aveva una voce diversa, e la gente veniva fin dalla città per ascoltarli. Più tardi si seppe "
        "che era quasi sordo.\nÈ una storia vera.\n",
    ),
    Paragraph(
        "Swedish",
        ("cp1252", "iso-8859-1", "cp850"),
        "På ön fanns bara en enda väg, och den slutade vid bryggan där färjan lade till. Om vintrarna gick isen så "
        "långt ut att man kunde åka skridskor till grannön. Min syster vågade aldrig, men jag smög iväg när far sov "
        "middag. Det var där ute jag första gången såg en säl. Ännu minns jag hur den blinkade.\nÅret därpå byggdes "
        "bron.\n",
    ),
    Paragraph(
        "Finnish",
        ("cp1252", "iso-8859-1", "iso-8859-15"),
        "Järven rannalla seisoi vanha sauna, jota kukaan ei ollut lämmittänyt vuosiin. Kesällä päätimme korjata sen. "
        "Isä etsi metsästä sopivat hirret ja äiti pesi ikkunat. Minä sain maalata oven, ja maalasin sen vihreäksi "
        "kysymättä keneltäkään. Ensimmäisenä iltana löyly oli niin kova, että juoksimme suoraan järveen.\nÄlä unohda "
        "pyyhettä, huusi täti.\n",
    ),
    Paragraph(
        "Polish",
        CENTRAL,
        "Zegarmistrz mieszkał nad apteką i nigdy nie zamykał drzwi. Dzieci wchodziły po schodach, żeby posłuchać, jak "
        "wszystkie zegary biją naraz. „Każdy z nich kłamie trochę inaczej”, mówił, śmiejąc się w siwą brodę. Później, "
        "gdy przyszła powódź, uratował najpierw książki, a dopiero potem zegary. Źle spał tej nocy.\nŁódki pływały po "
        "rynku jeszcze przez tydzień.\n",
    ),
    Paragraph(
        "Czech",
        CENTRAL,
        "Děda choval včely za starým mlýnem a nikdy nenosil kuklu. Říkal, že včely poznají, kdo se bojí. V červnu nás "
        "vzal s sebou a ukázal nám královnu: byla větší než ostatní a pohybovala se úplně klidně. Sestřička si přála "
        "ochutnat med přímo z plástve. Když zapršelo, schovali jsme se pod střechu a čekali.\nŽádný jiný med už tak "
        "nevoněl.\n",
    ),
    Paragraph(
        "Hungarian",
        CENTRAL,
        "A kertész minden ősszel elásott egy üveg bort az almafák alá. Azt mondta, hogy a fák is megérdemlik az "
        "ünnepet. Mi, gyerekek, kíváncsian lestük a kerítés mögül, és megpróbáltuk megjegyezni a helyét. Sohasem "
        "találtuk meg. Évekkel később, amikor új utat építettek, a munkások tizenhét teli üveget hoztak a felszínre.\n"
        "Őrzöm az egyiket.\n",
    ),
    Paragraph(
        "Croatian",
        CENTRAL,
        "Na kraju otoka živio je čovjek koji je popravljao čamce. Nije volio razgovarati, ali je dopuštao djeci da mu "
        "dodaju čavle i četke. Jednog ljeta došla je oluja i odnijela pola luke. Šest dana nije izišao iz radionice, "
        "a sedmoga je porinuo najljepši čamac koji smo ikad vidjeli. Dao mu je ime svoje žene.\n"
        "Ćutke smo ga gledali.\n",
    ),
    Paragraph(
        "Romanian",
        ("iso-8859-16",),
        "În fiecare sâmbătă, tata aducea acasă o pâine mare și caldă. O rupeam cu mâinile, fără să așteptăm masa, iar "
        "mama se făcea că se supără. Mai târziu am plecat la oraș și am mâncat multe feluri de pâine, dar niciuna nu "
        "avea coaja aceea groasă și dulce. Într-o zi am găsit rețeta într-un caiet vechi.\nÎncă nu am încercat-o.\n",
    ),
    Paragraph(
        "Lithuanian",
        ("cp1257", "iso-8859-13"),
        "Senelis kiekvieną rudenį eidavo į mišką grybauti ir visada grįždavo su pilna pintine. Jis žinojo slaptą "
        "vietą už upės, bet niekam jos nerodė. Kartą aš jį pasekiau. Jis atsisėdo ant kelmo, išsitraukė duonos ir "
        "ilgai klausėsi paukščių. Grybų ten nebuvo nė vieno.\nŠitą paslaptį saugau iki šiol, o ąžuolas tebežaliuoja.\n",
    ),
    Paragraph(
        "Latvian",
        ("cp1257", "iso-8859-13"),
        "Vecmāmiņa katru rītu gāja uz jūru un skatījās, vai laivas atgriežas. Viņa nekad nesteidzās. Bērni skrēja pa "
        "priekšu un vāca dzintaru, ko viļņi bija izmetuši krastā. Reiz es atradu gabaliņu ar mušu iekšā. Viņa to ilgi "
        "grozīja pirkstos un teica, ka šī muša ir vecāka par visām pasakām.\nĶēdītē es to nēsāju vēl šodien.\n",
    ),
    Paragraph(
        "Japanese",
        ("shift_jis", "euc-jp"),
        "駅前の小さな古本屋には、いつも猫が一匹いた。店主は無口な人で、客が入ってきても新聞から目を上げない。私は放課後に"
        "なると、棚のいちばん下にある旅行記を少しずつ読んだ。ある日、その本が消えていた。がっかりして帰ろうとすると、店主"
        "が紙袋を差し出した。「続きは家で読みなさい」と言った。\n今もその本は机の上にある。\n",
    ),
    Paragraph(
        "Chinese",
        ("gb18030", "gbk"),
        "村口有一棵老槐树，夏天的晚上大家都坐在树下乘凉。爷爷喜欢讲他年轻时走过的路，讲着讲着就睡着了。我们不敢吵醒他，"
        "只好自己把故事编下去。后来修公路，要把树砍掉，全村的人都不同意。最后路绕了一个弯，老槐树还站在那里。\n去年我带"
        "孩子回去，她问我这棵树几岁了。\n",
    ),
    Paragraph(
        "Chinese (traditional)",
        ("big5", "gb18030"),
        "外婆的廚房裡有一個舊木櫃，裡面放著各種曬乾的果子。下雨天不能出門，她就打開櫃子，讓我們每人選一樣。我總是選最酸"
        "的梅子，弟弟喜歡龍眼。她說，味道比照片更會記住日子。許多年以後，我在市場聞到同樣的氣味，忽然想起那個下午。\n雨"
        "聲很大，爐火很小。\n",
    ),
    Paragraph(
        "Korean",
        ("euc-kr", "cp949"),
        "할머니는 해마다 늦가을이 되면 마당에서 김장을 하셨다. 동네 사람들이 모두 모여 배추를 씻고 양념을 버무렸다. "
        "아이들은 옆에서 구경하다가 노란 속잎을 하나씩 얻어먹었다. 그날 저녁에는 반드시 눈이 내렸던 것 같다. 지금은 "
        "아파트에 살아서 마당이 없지만, 첫눈이 오면 그 매운 냄새가 떠오른다.\n아무도 그 맛을 내지 못한다.\n",
    ),
    Paragraph(
        "Arabic",
        ("cp1256", "iso-8859-6"),
        "كان جدي يصلح الساعات القديمة في دكان صغير قرب السوق. لم يكن يستعمل النظارة، بل كان يعرف كل قطعة بأصابعه. وفي "
        "المساء كان يجلس أمام الباب ويشرب الشاي مع الجيران. سألته مرة عن سبب تأخر ساعته هو، فابتسم وقال إنها تعرف متى "
        "يحب أن يعود إلى البيت.\nما زلت أحتفظ بها في درج مكتبي.\n",
    ),
    Paragraph(
        "Vietnamese",
        ("cp1258",),
        "Mỗi buổi sáng, ông tôi chèo thuyền ra giữa hồ để thả lưới. Ông không bao giờ vội vàng, vì ông nói rằng cá "
        "cũng cần thời gian để thức dậy. Tôi ngồi ở mũi thuyền, nhìn mặt trời lên sau rặng tre và nghe tiếng chim gọi "
        "nhau. Có hôm chúng tôi chẳng bắt được con nào, nhưng ông vẫn cười.\n"
        "Bây giờ hồ đã cạn, chỉ còn lại câu chuyện này.\n",
    ),
    Paragraph(
        "Thai",
        ("cp874", "tis-620"),
        "ทุกเช้าคุณยายจะเดินไปตลาดริมน้ำเพื่อซื้อผักและปลาสด ท่านรู้จักแม่ค้าทุกคนและชอบหยุดคุยนาน ๆ "
        "ผมถือตะกร้าเดินตามหลังและคอยนับเรือที่แล่นผ่าน วันหนึ่งฝนตกหนักมากจนเรากลับบ้านไม่ได้ "
        "เราจึงนั่งกินก๋วยเตี๋ยวใต้สะพานจนฟ้ามืด\nตอนนี้ตลาดนั้นกลายเป็นลานจอดรถไปแล้ว\n",
    ),
    Paragraph(
        "English",
        ("cp1252", "mac-roman"),
        "The lighthouse keeper’s daughter learned to read from shipping tables. By the time she was nine, she knew the "
        "tonnage of every vessel on that coast and the names of their captains. “Words are only cargo,” her father "
        "used to say, “and somebody has to unload them.” She laughed – she always laughed – and wrote it down in the "
        "log.\nThe log is still there, in a drawer that won’t open…\n",
    ),
)
