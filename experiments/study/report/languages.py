"""What the page says in English, Spanish and Portuguese: its own words, and each claim told to a reader who is no expert.

The page holds all three languages and shows one. Spanish and Portuguese are written for their readers, not translated
word by word; figures have a comma there.
"""

import re
from dataclasses import dataclass
from hashlib import sha256

from experiments.study.findings import ALIKE, INCONCLUSIVE, RECIPE_DEPENDENT, REFUTED, SUPPORTED

LANGUAGES = {"en": "English", "es": "Español", "pt": "Português"}
"""Each language as an HTML `lang` attribute has it, and its own name for itself."""

Words = dict[str, str]
"""A text by language."""


def words(en: str, es: str, pt: str) -> Words:
    return {"en": en, "es": es, "pt": pt}


@dataclass(frozen=True)
class Story:
    """A claim told in plain sentences."""

    title: Words
    claimed: Words
    expected: Words
    retells: str
    """`fingerprint` of the English prediction that `expected` retells."""


def fingerprint(prediction: str) -> str:
    """The first eight digits of the SHA-256 of a prediction: it changes if the prediction is written anew."""
    return sha256(prediction.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def written(figure: str, language: str) -> str:
    """A figure as `experiments.study.report.words.number` writes it, in a language: 1,234.5 is 1 234,5 in two of them."""
    return figure if language == "en" else figure.replace(",", "\u202f").replace(".", ",")


def phrase(text: str) -> Words | None:
    """A label, unit or figure of a finding in each language; None if it is not known, or the same in all."""
    if text in PHRASES:
        return {"en": text} | PHRASES[text]
    if re.fullmatch(r"[−\d.,]*[.,][\d.,]*(e−?\d+)?", text):
        return {language: written(text, language) for language in LANGUAGES}
    return None


PAGE: dict[str, Words] = {
    "title": words(
        "Is it true what is said about networks that write?",
        "¿Es cierto lo que se dice de las redes que escriben?",
        "É verdade o que se diz das redes que escrevem?",
    ),
    "skip": words("Skip to the findings", "Ir a los resultados", "Ir para os resultados"),
    "language": words("Language", "Idioma", "Idioma"),
    "navigation": words("On this page", "En esta página", "Nesta página"),
    "overview": words("Overview", "Resumen", "Resumo"),
    "how": words("How to read this", "Cómo leerlo", "Como ler"),
    "sources": words("Sources", "Fuentes", "Fontes"),
    "intro": words(
        "Five texts in Spanish and Portuguese explain how a recurrent network learns to write letter by letter. We took "
        "what they claim and tried it: we first wrote down what we expected and how we would judge it, then trained "
        "the models several times and compared.",
        "Cinco textos en español y portugués explican cómo una red recurrente aprende a escribir letra por letra. "
        "Pusimos a prueba lo que afirman: primero anotamos qué esperábamos y cómo lo íbamos a juzgar; después "
        "entrenamos los modelos varias veces y comparamos.",
        "Cinco textos em espanhol e português explicam como uma rede recorrente aprende a escrever letra por letra. "
        "Pusemos à prova o que eles afirmam: primeiro anotamos o que esperávamos e como iríamos julgar; depois "
        "treinamos os modelos várias vezes e comparamos.",
    ),
    "limits": words(
        "A verdict holds for the texts, model sizes and settings that were tried; each claim's details name them.",
        "Cada veredicto vale para los textos, tamaños y ajustes que probamos; los detalles de cada afirmación los dicen.",
        "Cada veredito vale para os textos, tamanhos e ajustes que testamos; os detalhes de cada afirmação os dizem.",
    ),
    "bits": words(
        "Bits per character say how much the next letter of an unread text surprises a model: fewer are better. A "
        "difference of less than 0.02 counts as none.",
        "Los bits por carácter dicen cuánto sorprende al modelo la letra siguiente de un texto que no ha leído: cuantos "
        "menos, mejor. Una diferencia de menos de 0,02 no cuenta.",
        "Os bits por caractere dizem quanto a próxima letra de um texto não lido surpreende o modelo: quanto menos, "
        "melhor. Uma diferença menor que 0,02 não conta.",
    ),
    "interval": words(
        "The 95 % interval is the range in which the true value probably lies. A short one means that we know it well.",
        "El intervalo del 95 % es el margen donde probablemente está el valor verdadero. Si es corto, lo conocemos bien.",
        "O intervalo de 95 % é a faixa onde provavelmente está o valor verdadeiro. Se é curto, nós o conhecemos bem.",
    ),
    "details_english": words(
        "The details, for those who want to check or repeat an experiment, are in English.",
        "Los detalles, para quien quiera comprobar o repetir un experimento, están en inglés.",
        "Os detalhes, para quem quiser conferir ou repetir um experimento, estão em inglês.",
    ),
    "claimed": words("What was claimed", "Qué se afirma", "O que se afirma"),
    "expected": words("What we expected", "Qué esperábamos", "O que esperávamos"),
    "found": words("What came out", "Qué salió", "O que deu"),
    "quote": words("In their words", "En sus palabras", "Nas palavras deles"),
    "earlier": words("What we found before", "Lo que hallamos antes", "O que achamos antes"),
    "first": words("First verdict", "Primer veredicto", "Primeiro veredito"),
    "second": words("second verdict", "segundo veredicto", "segundo veredito"),
    "main_claims": words("Main claims", "Afirmaciones principales", "Afirmações principais"),
    "other_claims": words("Further claims", "Otras afirmaciones", "Outras afirmações"),
    "measured": words("What we measured", "Lo que medimos", "O que medimos"),
    "forest": words(
        "The dot is what we measured, the bar its 95 % interval. Shaded: where the claim is true. Vertical line: zero.",
        "El punto es lo que medimos; la barra, su intervalo del 95 %. Sombreado: donde la afirmación se cumple. "
        "Línea vertical: cero.",
        "O ponto é o que medimos; a barra, seu intervalo de 95 %. Sombreado: onde a afirmação vale. "
        "Linha vertical: zero.",
    ),
    "intervals": words(
        "Bars and bands: 95 % intervals.",
        "Barras y franjas: intervalos del 95 %.",
        "Barras e faixas: intervalos de 95 %.",
    ),
    "more": words("All figures and pictures", "Todas las cifras y figuras", "Todos os números e figuras"),
    "samples": words("What the models wrote", "Lo que escribieron los modelos", "O que os modelos escreveram"),
    "method": words(
        "How it was done, and how to repeat it", "Cómo se hizo y cómo repetirlo", "Como foi feito e como repetir"
    ),
    "in_english": words("", " (en inglés)", " (em inglês)"),
    "back": words("Back to the overview", "Volver al resumen", "Voltar ao resumo"),
    "next": words("Next", "Siguiente", "Próxima"),
    "numbers": words(
        "The details call the sources by these numbers.",
        "Los detalles nombran las fuentes con estos números.",
        "Os detalhes citam as fontes por estes números.",
    ),
    "made": words("Written by", "Generada por", "Gerada por"),
    "nothing_else": words(
        "from the findings in this folder. The page loads no other file.",
        "a partir de los resultados de esta carpeta. La página no carga ningún otro archivo.",
        "a partir dos resultados desta pasta. A página não carrega nenhum outro arquivo.",
    ),
}
"""Words that the template names."""

VERDICT_WORDS: dict[str, Words] = {
    SUPPORTED: words("supported", "respaldada", "corroborada"),
    REFUTED: words("refuted", "refutada", "refutada"),
    ALIKE: words("alike", "sin diferencia", "sem diferença"),
    RECIPE_DEPENDENT: words("recipe-dependent", "según los ajustes", "conforme os ajustes"),
    INCONCLUSIVE: words("inconclusive", "sin decidir", "em aberto"),
}

VERDICT_SENTENCES: dict[str, Words] = {
    SUPPORTED: words(
        "Our runs agree with the claim.",
        "Nuestros experimentos respaldan la afirmación.",
        "Nossos experimentos apoiam a afirmação.",
    ),
    REFUTED: words(
        "Our runs contradict the claim.",
        "Nuestros experimentos contradicen la afirmación.",
        "Nossos experimentos contradizem a afirmação.",
    ),
    ALIKE: words(
        "Our runs show no difference that counts.",
        "Nuestros experimentos no muestran ninguna diferencia que cuente.",
        "Nossos experimentos não mostram nenhuma diferença que conte.",
    ),
    RECIPE_DEPENDENT: words(
        "The claim is true with some training settings and false with others.",
        "La afirmación se cumple con unos ajustes de entrenamiento y con otros no.",
        "A afirmação vale com alguns ajustes de treinamento e com outros não.",
    ),
    INCONCLUSIVE: words(
        "Our runs do not decide it: both answers remain possible.",
        "Nuestros experimentos no lo deciden: ambas respuestas siguen siendo posibles.",
        "Nossos experimentos não decidem: as duas respostas continuam possíveis.",
    ),
}

OUTCOME: dict[str, Words] = {
    "measured": words("We measured {figures}.", "Medimos {figures}.", "Medimos {figures}."),
    "needed": words(
        "The claim needs a value {region}.",
        "Para cumplirse, hace falta un valor {region}.",
        "Para valer, é preciso um valor {region}.",
    ),
    "interval": words(
        "{estimate} ({unit}; 95 % interval {low} to {high})",
        "{estimate} ({unit}; intervalo del 95 %: de {low} a {high})",
        "{estimate} ({unit}; intervalo de 95 %: de {low} a {high})",
    ),
    "figure": words("{estimate} ({unit})", "{estimate} ({unit})", "{estimate} ({unit})"),
    "nothing": words(
        "There is no figure to show.", "No hay ninguna cifra que mostrar.", "Não há nenhum número para mostrar."
    ),
    "parts": words(
        "The question has {n} parts: {counts}.",
        "La pregunta tiene {n} partes: {counts}.",
        "A pergunta tem {n} partes: {counts}.",
    ),
    "above": words("above {low}", "por encima de {low}", "acima de {low}"),
    "below": words("below {high}", "por debajo de {high}", "abaixo de {high}"),
    "between": words("between {low} and {high}", "entre {low} y {high}", "entre {low} e {high}"),
}
"""Parts of the sentences that `experiments.study.report.words.outcome` makes."""

SOURCE_NAMES: dict[str, Words] = {
    "000": words("Yana and Rivera", "Yana y Rivera", "Yana e Rivera"),
    "001": words("Torres, 2019", "Torres, 2019", "Torres, 2019"),
    "002": words("Rivera, Hernández and Pérez", "Rivera, Hernández y Pérez", "Rivera, Hernández e Pérez"),
    "003": words("A report in Portuguese, 2024", "Un informe en portugués, 2024", "Um relatório em português, 2024"),
    "004": words("Raschka, Liu and Mirjalili", "Raschka, Liu y Mirjalili", "Raschka, Liu e Mirjalili"),
}
"""Each source as people call it: its authors, and the year where the source itself gives one."""

PHRASES: dict[str, Words] = {
    text: {"es": es, "pt": pt}
    for text, es, pt in (
        ("bits per character", "bits por carácter", "bits por caractere"),
        ("validation, bits per character", "validación, bits por carácter", "validação, bits por caractere"),
        ("nats per character", "nats por carácter", "nats por caractere"),
        ("share", "proporción", "proporção"),
        ("share of runs", "proporción de ejecuciones", "proporção de execuções"),
        ("share of failed runs", "proporción de ejecuciones fallidas", "proporção de execuções que falharam"),
        ("share of word 5-grams", "proporción de secuencias de 5 palabras", "proporção de sequências de 5 palavras"),
        ("share of characters in copies", "proporción de caracteres copiados", "proporção de caracteres copiados"),
        ("rank correlation", "correlación de rangos", "correlação de postos"),
        ("largest difference", "mayor diferencia", "maior diferença"),
        ("powers of ten", "potencias de diez", "potências de dez"),
        ("seconds", "segundos", "segundos"),
        ("learning rate", "tasa de aprendizaje", "taxa de aprendizado"),
        ("temperature", "temperatura", "temperatura"),
        ("epochs", "épocas", "épocas"),
        ("layers", "capas", "camadas"),
        ("arm", "variante", "variante"),
        ("1 stream − 8 streams, equal epochs", "1 secuencia − 8, mismas épocas", "1 sequência − 8, mesmas épocas"),
        (
            "a tenth − the whole, at equal epochs and at equal updates",
            "un décimo − el texto entero, con las mismas épocas y con los mismos pasos",
            "um décimo − o texto inteiro, com as mesmas épocas e com os mesmos passos",
        ),
        ("a tenth − the whole, equal epochs", "un décimo − el texto entero, mismas épocas", "um décimo − o texto inteiro, mesmas épocas"),
        ("a tenth − the whole, equal updates", "un décimo − el texto entero, mismos pasos", "um décimo − o texto inteiro, mesmos passos"),
        ("RNN − LSTM, equal hidden size", "RNN − LSTM, mismo tamaño", "RNN − LSTM, mesmo tamanho"),
        ("GRU − LSTM, equal hidden size", "GRU − LSTM, mismo tamaño", "GRU − LSTM, mesmo tamanho"),
        ("one-hot − embedding, scaled initial values", "one-hot − embedding, pesos iniciales ajustados", "one-hot − embedding, pesos iniciais ajustados"),
        (
            "one-hot − embedding, scaled initial values: equivalent",
            "one-hot − embedding, pesos iniciales ajustados: sin diferencia",
            "one-hot − embedding, pesos iniciais ajustados: sem diferença",
        ),
        ("one-hot − embedding, PyTorch's initial values", "one-hot − embedding, pesos iniciales de PyTorch", "one-hot − embedding, pesos iniciais do PyTorch"),
        ("share of failed runs: no clipping − norm clipped to 1", "ejecuciones fallidas: sin recorte − norma recortada a 1", "execuções que falharam: sem corte − norma cortada em 1"),
        ("share of failed runs: no clipping − values clipped to 5", "ejecuciones fallidas: sin recorte − valores recortados a 5", "execuções que falharam: sem corte − valores cortados em 5"),
        ("share of failed runs: no clipping − windows of 8", "ejecuciones fallidas: sin recorte − ventanas de 8", "execuções que falharam: sem corte − janelas de 8"),
        ("verses and words are learned in time", "versículos y palabras aprendidos a tiempo", "versículos e palavras aprendidos a tempo"),
        ("the library computes the printed recurrences", "la biblioteca calcula las ecuaciones impresas", "a biblioteca calcula as equações impressas"),
        ("h-e-l-l-o is learned", "se aprende h-e-l-l-o", "aprende-se h-e-l-l-o"),
        ("2 layers, 2 epochs − 3 layers, 10 epochs", "2 capas, 2 épocas − 3 capas, 10 épocas", "2 camadas, 2 épocas − 3 camadas, 10 épocas"),
        ("3 layers: 2 epochs − 10 epochs", "3 capas: 2 épocas − 10 épocas", "3 camadas: 2 épocas − 10 épocas"),
        ("10 epochs: 2 layers − 3 layers", "10 épocas: 2 capas − 3 capas", "10 épocas: 2 camadas − 3 camadas"),
        ("10 epochs: 1 layer − 3 layers", "10 épocas: 1 capa − 3 capas", "10 épocas: 1 camada − 3 camadas"),
        ("copied, whole text", "copiado, texto entero", "copiado, texto inteiro"),
        ("copied, whole text, sampled − human", "copiado, texto entero: generado − humano", "copiado, texto inteiro: gerado − humano"),
        ("copied, a fiftieth − the whole", "copiado, un cincuentavo − el texto entero", "copiado, um quinquagésimo − o texto inteiro"),
        ("RNN short, LSTM long", "memoria corta de la RNN, larga de la LSTM", "memória curta da RNN, longa da LSTM"),
        ("recall: RNN, 3 dots", "recuerdo: RNN, 3 puntos", "lembrança: RNN, 3 pontos"),
        ("recall: RNN, 100 dots", "recuerdo: RNN, 100 puntos", "lembrança: RNN, 100 pontos"),
        ("recall: LSTM, 100 dots", "recuerdo: LSTM, 100 puntos", "lembrança: LSTM, 100 pontos"),
        ("errors and variety rise with temperature", "errores y variedad crecen con la temperatura", "erros e variedade crescem com a temperatura"),
        ("errors and variety rise with k", "errores y variedad crecen con k", "erros e variedade crescem com k"),
        ("longer windows are better, carried or not", "mejor con ventanas más largas, con estado o sin él", "melhor com janelas mais longas, com estado ou sem"),
        ("windows of 16 − 64, state carried", "ventanas de 16 − 64, estado conservado", "janelas de 16 − 64, estado mantido"),
        ("windows of 64 − 256, state carried", "ventanas de 64 − 256, estado conservado", "janelas de 64 − 256, estado mantido"),
        ("windows of 16 − 64, state reset", "ventanas de 16 − 64, estado reiniciado", "janelas de 16 − 64, estado zerado"),
        ("windows of 64 − 256, state reset", "ventanas de 64 − 256, estado reiniciado", "janelas de 64 − 256, estado zerado"),
        ("windows of 64: state reset − carried", "ventanas de 64: estado reiniciado − conservado", "janelas de 64: estado zerado − mantido"),
        ("corpus", "corpus", "corpus"),
        ("recipe", "ajustes", "ajustes"),
        ("characters seen", "caracteres leídos", "caracteres lidos"),
        ("characters back", "caracteres hacia atrás", "caracteres para trás"),
        ("characters of context", "caracteres de contexto", "caracteres de contexto"),
        ("characters per window", "caracteres por ventana", "caracteres por janela"),
        ("dots between", "puntos intermedios", "pontos no meio"),
        ("1 stream", "1 secuencia", "1 sequência"),
        ("8 streams", "8 secuencias", "8 sequências"),
        ("no clipping", "sin recorte", "sem corte"),
        ("norm clipped to 1", "norma recortada a 1", "norma cortada em 1"),
        ("values clipped to 5", "valores recortados a 5", "valores cortados em 5"),
        ("windows of 8", "ventanas de 8", "janelas de 8"),
        ("verses", "versículos", "versículos"),
        ("real words", "palabras que existen", "palavras que existem"),
        ("sampled", "texto generado", "texto gerado"),
        ("2 epochs", "2 épocas", "2 épocas"),
        ("10 epochs", "10 épocas", "10 épocas"),
        ("carried", "estado conservado", "estado mantido"),
        ("reset", "estado reiniciado", "estado zerado"),
        ("whole", "texto entero", "texto inteiro"),
        ("a tenth, equal epochs", "un décimo, mismas épocas", "um décimo, mesmas épocas"),
        ("a tenth, equal updates", "un décimo, mismos pasos", "um décimo, mesmos passos"),
        ("whole, a tenth of the updates", "entero, un décimo de pasos", "inteiro, um décimo dos passos"),
        ("norm, relative to 1 back", "norma respecto a 1 atrás", "norma em relação a 1 atrás"),
        ("A tenth of the text against the whole", "Un décimo del texto y el texto entero", "Um décimo do texto e o texto inteiro"),
        ("Failed runs by learning rate", "Fallos según la tasa de aprendizaje", "Falhas conforme a taxa de aprendizado"),
        ("Depth and epochs", "Profundidad y épocas", "Profundidade e épocas"),
        ("Recall", "Lo que recuerdan", "O que lembram"),
        ("Loss by length of context", "Error según el contexto leído", "Erro conforme o contexto lido"),
        ("Gradient by lag", "Gradiente según la distancia", "Gradiente conforme a distância"),
        ("Validation loss by length of the window", "Error según la ventana", "Erro conforme a janela"),
        ("unknown words against temperature", "Palabras desconocidas y temperatura", "Palavras desconhecidas e temperatura"),
        ("distinct-2 against temperature", "Variedad y temperatura", "Variedade e temperatura"),
        ("unknown words against top_k", "Palabras desconocidas y top-k", "Palavras desconhecidas e top-k"),
        ("distinct-2 against top_k", "Variedad y top-k", "Variedade e top-k"),
        ("The learning rate for 1 stream and for 8", "La tasa de aprendizaje con 1 secuencia y con 8", "A taxa de aprendizado com 1 sequência e com 8"),
        ("Three cells, equal hidden size", "Tres celdas del mismo tamaño", "Três células do mesmo tamanho"),
        ("Three cells, equal parameters", "Tres celdas con los mismos parámetros", "Três células com os mesmos parâmetros"),
        ("Copies grow with the number of epochs on a short text", "Las copias crecen con las épocas en un texto corto", "As cópias crescem com as épocas num texto curto"),
    )
}  # fmt: skip
"""Labels, units and titles of findings that are known here; others are shown in English."""

STORIES: dict[str, Story] = {
    "batch_count": Story(
        words(
            "One stream of text or eight give the same result",
            "Leer el texto en una secuencia o en ocho da lo mismo",
            "Ler o texto em uma sequência ou em oito dá na mesma",
        ),
        words(
            "Training with the text as one stream or cut into eight gives similar or equal results.",
            "Entrenar con el texto en una sola secuencia o cortado en ocho da resultados similares o iguales.",
            "Treinar com o texto numa só sequência ou cortado em oito dá resultados parecidos ou iguais.",
        ),
        words(
            "A clear difference: one stream makes eight times as many learning steps and should learn more.",
            "Una diferencia clara: con una secuencia hay ocho veces más pasos de aprendizaje y se debería aprender más.",
            "Uma diferença clara: com uma sequência há oito vezes mais passos de aprendizado e deveria-se aprender mais.",
        ),
        "8e40f5f8",
    ),
    "corpus_size": Story(
        words(
            "A tenth of the text is not enough",
            "Con un décimo del texto no alcanza",
            "Um décimo do texto não basta",
        ),
        words(
            "With a text of a tenth of the length the model writes wrongly.",
            "Con un texto diez veces más corto, el modelo escribe de manera errónea.",
            "Com um texto dez vezes menor, o modelo escreve errado.",
        ),
        words(
            "True, but mostly for another reason: less text also meant fewer learning steps.",
            "Cierto, pero sobre todo por otra razón: menos texto también supuso menos pasos de aprendizaje.",
            "Verdade, mas sobretudo por outro motivo: menos texto também significou menos passos de aprendizado.",
        ),
        "d2f1fd50",
    ),
    "best_cell": Story(
        words("The LSTM is the best of the three cells", "La LSTM es la mejor de las tres celdas", "A LSTM é a melhor das três células"),
        words(
            "Of the plain recurrent network, the GRU and the LSTM, the LSTM gave the best results.",
            "Entre la red recurrente simple, la GRU y la LSTM, la LSTM dio los mejores resultados.",
            "Entre a rede recorrente simples, a GRU e a LSTM, a LSTM deu os melhores resultados.",
        ),
        words(
            "The LSTM beats the plain network; against the GRU it depends on the training settings.",
            "La LSTM supera a la red simple; frente a la GRU depende de los ajustes de entrenamiento.",
            "A LSTM supera a rede simples; contra a GRU, depende dos ajustes de treinamento.",
        ),
        "959d5dda",
    ),
    "gru_cost": Story(
        words(
            "The GRU is as good as the LSTM and cheaper",
            "La GRU es tan buena como la LSTM y cuesta menos",
            "A GRU é tão boa quanto a LSTM e custa menos",
        ),
        words(
            "The GRU performs on a par with the LSTM and needs less computing.",
            "La GRU rinde a la par que la LSTM y necesita menos cálculo.",
            "A GRU rende tanto quanto a LSTM e exige menos cálculo.",
        ),
        words(
            "It depends on the training settings; three quarters of the operations, and still slower on a CPU.",
            "Depende de los ajustes; tres cuartas partes de las operaciones y, aun así, más lenta en una CPU.",
            "Depende dos ajustes; três quartos das operações e, mesmo assim, mais lenta numa CPU.",
        ),
        "fe3928b2",
    ),
    "memorisation": Story(
        words(
            "Trained on a long text, a model repeats it",
            "Con un texto largo, el modelo lo repite",
            "Com um texto longo, o modelo o repete",
        ),
        words(
            "If the text is long, what is generated will be similar or equal to the original.",
            "Si el texto es largo, lo que se genera será similar o igual al original.",
            "Se o texto é longo, o que se gera será parecido ou igual ao original.",
        ),
        words(
            "The opposite: a short text that is read often is copied, a long one hardly.",
            "Lo contrario: se copia un texto corto leído muchas veces; uno largo, apenas.",
            "O contrário: copia-se um texto curto lido muitas vezes; um longo, quase nada.",
        ),
        "62ff25e7",
    ),
    "short_memory": Story(
        words(
            "A plain network forgets soon, an LSTM does not",
            "La red simple olvida pronto; la LSTM no",
            "A rede simples esquece logo; a LSTM não",
        ),
        words(
            "A plain recurrent network works only on short sequences; an LSTM also learns from long ones.",
            "Una red recurrente simple solo funciona con secuencias cortas; una LSTM también aprende de las largas.",
            "Uma rede recorrente simples só funciona com sequências curtas; uma LSTM também aprende com as longas.",
        ),
        words(
            "True when a letter has to be remembered, though 100 steps are too many for the LSTM too; little of it shows in real text.",
            "Cierto cuando hay que recordar una letra, aunque 100 pasos también son demasiados para la LSTM; en textos reales apenas se nota.",
            "Verdade quando é preciso lembrar uma letra, embora 100 passos sejam demais também para a LSTM; em textos reais quase não se nota.",
        ),
        "29df621b",
    ),
    "clipping": Story(
        words(
            "Clipping gradients cures exploding ones",
            "Recortar los gradientes evita que exploten",
            "Cortar os gradientes evita que explodam",
        ),
        words(
            "Exploding gradients are easily cured by limiting their size.",
            "La explosión de gradientes se resuelve fácilmente si se limita su tamaño.",
            "A explosão de gradientes se resolve facilmente limitando o tamanho deles.",
        ),
        words(
            "Only partly: limiting the whole gradient lets a model train at higher learning rates, but not at the highest.",
            "Solo en parte: limitar el gradiente permite tasas de aprendizaje más altas, pero no las más altas de todas.",
            "Só em parte: limitar o gradiente permite taxas de aprendizado mais altas, mas não as mais altas de todas.",
        ),
        "1650d9c1",
    ),
    "truncation": Story(
        words(
            "Short windows of text lose what lies far back",
            "Con ventanas cortas se pierde lo lejano",
            "Janelas curtas perdem o que está longe",
        ),
        words(
            "Short pieces of text make a model miss long dependencies; too long ones overload it.",
            "Si los fragmentos son cortos, el modelo no capta relaciones lejanas; si son demasiado largos, lo sobrecargan.",
            "Se os trechos são curtos, o modelo não capta relações distantes; se são longos demais, o sobrecarregam.",
        ),
        words(
            "True if the network forgets between windows; if it keeps its state, windows of 16 characters lose little.",
            "Cierto si la red olvida entre ventanas; si conserva su estado, con ventanas de 16 caracteres se pierde poco.",
            "Verdade se a rede esquece entre janelas; se mantém seu estado, com janelas de 16 caracteres perde-se pouco.",
        ),
        "9e1452b9",
    ),
    "temperature": Story(
        words(
            "A high temperature is creative and makes mistakes",
            "Con temperatura alta hay creatividad y errores",
            "Temperatura alta traz criatividade e erros",
        ),
        words(
            "A high temperature makes the text more creative, with more mistakes; a low one the opposite.",
            "Una temperatura alta da textos más creativos y con más errores; una baja, lo contrario.",
            "Uma temperatura alta dá textos mais criativos e com mais erros; uma baixa, o contrário.",
        ),
        words(
            "True: unknown words and variety both rise. A first word that the model never saw does no harm later.",
            "Cierto: aumentan tanto las palabras desconocidas como la variedad. Empezar con una palabra nunca vista no perjudica después.",
            "Verdade: aumentam tanto as palavras desconhecidas quanto a variedade. Começar com uma palavra nunca vista não prejudica depois.",
        ),
        "20608569",
    ),
    "top_k": Story(
        words(
            "More letters to choose from make odder text",
            "Con más letras para elegir, el texto es más absurdo",
            "Com mais letras para escolher, o texto fica mais absurdo",
        ),
        words(
            "Choosing among the k likeliest letters makes the text somewhat random and at times absurd.",
            "Elegir entre las k letras más probables da un texto algo aleatorio y a veces absurdo.",
            "Escolher entre as k letras mais prováveis dá um texto um pouco aleatório e às vezes absurdo.",
        ),
        words(
            "True: with more letters both variety and mistakes rise, and two letters bring most of the variety.",
            "Cierto: con más letras aumentan la variedad y los errores, y con dos ya se logra casi toda la variedad.",
            "Verdade: com mais letras aumentam a variedade e os erros, e com duas já se obtém quase toda a variedade.",
        ),
        "db0bc445",
    ),
    "boilerplate": Story(
        words(
            "The model repeats the licence too often",
            "El modelo repite demasiado la licencia",
            "O modelo repete demais a licença",
        ),
        words(
            "The licence of the e-book turns up in the samples: a strange kind of overfitting to parts of the text.",
            "La licencia del libro electrónico aparece en lo generado: un extraño sobreajuste a ciertas partes del texto.",
            "A licença do livro eletrônico aparece no que se gera: um estranho overfitting a certas partes do texto.",
        ),
        words(
            "It appears, but no more often than in the book itself.",
            "Aparece, pero no más que en el propio libro.",
            "Aparece, mas não mais do que no próprio livro.",
        ),
        "83bc9a65",
    ),
    "early_structure": Story(
        words(
            "Words and verses are learned within minutes",
            "En minutos se aprenden palabras y versículos",
            "Em minutos se aprendem palavras e versículos",
        ),
        words(
            "After little training the model already separates words and numbers verses as the Bible does.",
            "Con poco entrenamiento, el modelo ya separa palabras y numera versículos como la Biblia.",
            "Com pouco treinamento, o modelo já separa palavras e numera versículos como a Bíblia.",
        ),
        words(
            "True: nine of ten lines well formed and seven of ten words real, in under two minutes.",
            "Cierto: nueve de cada diez líneas bien formadas y siete de cada diez palabras reales, en menos de dos minutos.",
            "Verdade: nove de cada dez linhas bem formadas e sete de cada dez palavras reais, em menos de dois minutos.",
        ),
        "b5f48d76",
    ),
    "longer_not_better": Story(
        words(
            "More layers and epochs hardly help",
            "Más capas y más épocas apenas ayudan",
            "Mais camadas e mais épocas quase não ajudam",
        ),
        words(
            "With three layers and ten epochs the result did not look much better.",
            "Con tres capas y diez épocas, el resultado no pareció mucho mejor.",
            "Com três camadas e dez épocas, o resultado não pareceu muito melhor.",
        ),
        words(
            "False for the epochs, which help a lot; true for the third layer, which hardly helps.",
            "Falso para las épocas, que ayudan mucho; cierto para la tercera capa, que apenas ayuda.",
            "Falso para as épocas, que ajudam muito; verdade para a terceira camada, que quase não ajuda.",
        ),
        "cf40aeb3",
    ),
    "embedding": Story(
        words(
            "Learned vectors are better than one-hot ones",
            "Los vectores aprendidos superan a los one-hot",
            "Vetores aprendidos superam os one-hot",
        ),
        words(
            "One-hot vectors are simple but weak; learned embeddings solve the problem. (The text speaks of words.)",
            "Los vectores one-hot son simples pero débiles; los embeddings aprendidos lo resuelven. (El texto habla de palabras.)",
            "Vetores one-hot são simples, mas fracos; os embeddings aprendidos resolvem isso. (O texto fala de palavras.)",
        ),
        words(
            "For letters no better, once the initial weights are of the right size.",
            "Con letras no son mejores, si los pesos iniciales tienen el tamaño adecuado.",
            "Com letras não são melhores, se os pesos iniciais têm o tamanho certo.",
        ),
        "c808510a",
    ),
    "training_order": Story(
        words(
            "The model writes what it read last",
            "El modelo escribe lo último que leyó",
            "O modelo escreve o que leu por último",
        ),
        words(
            "There is a strange kind of overfitting to certain parts of the text.",
            "Hay un extraño sobreajuste a ciertas partes del texto.",
            "Há uma estranha espécie de overfitting a certas partes do texto.",
        ),
        words(
            "True: read in order, with the licence at the end, nearly everything sampled is licence; shuffled, it is not.",
            "Cierto: si se lee en orden, con la licencia al final, casi todo lo generado es licencia; si se baraja, no.",
            "Verdade: lido em ordem, com a licença no fim, quase tudo o que se gera é licença; embaralhado, não.",
        ),
        "f391c00d",
    ),
    "hello": Story(
        words(
            "A tiny network learns to spell hello",
            "Una red pequeña aprende a escribir hello",
            "Uma rede pequena aprende a escrever hello",
        ),
        words(
            "Given one letter after another, the network learns the sequence h-e-l-l-o.",
            "Recibiendo una letra tras otra, la red aprende la secuencia h-e-l-l-o.",
            "Recebendo uma letra após a outra, a rede aprende a sequência h-e-l-l-o.",
        ),
        words(
            "True, within a hundred learning steps.",
            "Cierto, en cien pasos de aprendizaje.",
            "Verdade, em cem passos de aprendizado.",
        ),
        "5adea9cb",
    ),
    "equations": Story(
        words(
            "The printed equations are what PyTorch computes",
            "Las ecuaciones impresas son lo que calcula PyTorch",
            "As equações impressas são o que o PyTorch calcula",
        ),
        words(
            "Working the steps out by hand gives the numbers of the library's own network.",
            "Al calcular los pasos a mano se obtienen los números de la red de la biblioteca.",
            "Calculando os passos à mão, obtêm-se os números da rede da biblioteca.",
        ),
        words(
            "Equal, but for rounding in the last digits.",
            "Iguales, salvo el redondeo de las últimas cifras.",
            "Iguais, salvo o arredondamento dos últimos dígitos.",
        ),
        "ceecb9e8",
    ),
    "never_reset": Story(
        words(
            "A word the model never saw makes it fail",
            "Una palabra nunca vista hace fallar al modelo",
            "Uma palavra nunca vista faz o modelo falhar",
        ),
        words(
            "Given “Alcohol”, a word that is not in its text, the model writes nonsense.",
            "Si empieza con «Alcohol», que no está en su texto, el modelo escribe sin sentido.",
            "Começando com “Alcohol”, que não está no seu texto, o modelo escreve coisas sem sentido.",
        ),
        words(
            "The word is not to blame: the network's state was never set back while it was trained.",
            "La culpa no es de la palabra: al entrenar la red nunca se reinició su estado.",
            "A culpa não é da palavra: no treinamento, o estado da rede nunca foi zerado.",
        ),
        "",
    ),
    "greedy_loops": Story(
        words(
            "Always taking the likeliest letter ends in a loop",
            "Elegir siempre la letra más probable acaba en un bucle",
            "Escolher sempre a letra mais provável acaba em repetição",
        ),
        words(
            "If the likeliest letter is always chosen, the model can get into a loop.",
            "Si siempre se elige el carácter más probable, el modelo puede entrar en un bucle.",
            "Se sempre se escolhe o caractere mais provável, o modelo pode entrar em um ciclo.",
        ),
        words("True.", "Cierto.", "Verdade."),
        "",
    ),
    "window_enough": Story(
        words(
            "A hundred characters are enough context",
            "Cien caracteres de contexto bastan",
            "Cem caracteres de contexto bastam",
        ),
        words(
            "Pieces of 100 characters are long enough to hold the dependencies that matter.",
            "Los fragmentos de 100 caracteres bastan para captar las relaciones importantes.",
            "Trechos de 100 caracteres bastam para captar as relações importantes.",
        ),
        words("True.", "Cierto.", "Verdade."),
        "",
    ),
    "long_windows_hurt": Story(
        words(
            "Too long windows make training harder",
            "Las ventanas demasiado largas dificultan el entrenamiento",
            "Janelas longas demais dificultam o treinamento",
        ),
        words(
            "Excessively long sequences make a recurrent network hard to train.",
            "Las secuencias demasiado largas dificultan el entrenamiento de una red recurrente.",
            "Sequências excessivamente longas dificultam o treinamento de uma rede recorrente.",
        ),
        words("True.", "Cierto.", "Verdade."),
        "",
    ),
    "batch_stabilises": Story(
        words(
            "Sixty-four sequences at once steady training",
            "Sesenta y cuatro secuencias a la vez estabilizan",
            "Sessenta e quatro sequências por vez estabilizam",
        ),
        words(
            "Averaging over batches of 64 sequences helps to make the optimisation stable.",
            "Promediar lotes de 64 secuencias ayuda a estabilizar la optimización.",
            "Tirar a média de lotes de 64 sequências ajuda a estabilizar a otimização.",
        ),
        words("True.", "Cierto.", "Verdade."),
        "",
    ),
    "embedding_relations": Story(
        words(
            "Embeddings learn which letters are alike",
            "Los embeddings aprenden qué letras se parecen",
            "Os embeddings aprendem quais letras se parecem",
        ),
        words(
            "The embedding layer learns meaningful relations between characters.",
            "La capa de embedding aprende relaciones significativas entre los caracteres.",
            "A camada de embedding aprende relações significativas entre os caracteres.",
        ),
        words("True.", "Cierto.", "Verdade."),
        "",
    ),
    "forget_gate": Story(
        words(
            "The forget gate keeps the memory from growing",
            "La puerta del olvido evita que la memoria crezca sin fin",
            "A porta do esquecimento impede que a memória cresça sem fim",
        ),
        words(
            "The forget gate lets the cell reset its state, so that it does not grow without end.",
            "La puerta del olvido permite restablecer el estado de la célula sin que crezca indefinidamente.",
            "A porta do esquecimento permite restabelecer o estado da célula sem que cresça indefinidamente.",
        ),
        words("True.", "Cierto.", "Verdade."),
        "",
    ),
    "recurrent_weight": Story(
        words(
            "Weights below one make gradients vanish, above one explode",
            "Con pesos menores que uno el gradiente se desvanece; con mayores, explota",
            "Com pesos menores que um o gradiente some; com maiores, explode",
        ),
        words(
            "Multiplied by itself again and again, a weight below 1 gives almost nothing and one above 1 very much.",
            "Multiplicado por sí mismo una y otra vez, un peso menor que 1 da casi nada y uno mayor que 1, muchísimo.",
            "Multiplicado por si mesmo muitas vezes, um peso menor que 1 dá quase nada e um maior que 1, muitíssimo.",
        ),
        words("True.", "Cierto.", "Verdade."),
        "",
    ),
    "saturation": Story(
        words(
            "Sigmoid and tanh make gradients vanish",
            "La sigmoide y la tanh hacen desvanecer el gradiente",
            "A sigmoide e a tanh fazem o gradiente sumir",
        ),
        words(
            "With sigmoid or tanh the product of derivatives comes close to zero, or grows very large.",
            "Con sigmoide o tanh, el producto de las derivadas se acerca a cero o se vuelve muy grande.",
            "Com sigmoide ou tanh, o produto das derivadas se aproxima de zero ou fica muito grande.",
        ),
        words("True.", "Cierto.", "Verdade."),
        "",
    ),
}  # fmt: skip
"""By the name of the claim; a claim without one is shown by its name and its English prediction."""
