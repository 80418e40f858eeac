"""What the page itself says in English, Spanish and Portuguese. What it says of the claims is in stories.py.

The page holds all three languages and shows one. Spanish and Portuguese are written for their readers, not translated
word by word; figures have a comma there.
"""

import re

from experiments.study.findings import ALIKE, INCONCLUSIVE, RECIPE_DEPENDENT, REFUTED, SUPPORTED

LANGUAGES = {"en": "English", "es": "Español", "pt": "Português"}
"""Each language as an HTML `lang` attribute has it, and its own name for itself."""

Words = dict[str, str]
"""A text by language."""


def words(en: str, es: str, pt: str) -> Words:
    return {"en": en, "es": es, "pt": pt}


def written(figure: str, language: str) -> str:
    """A figure as `experiments.study.report.words.number` writes it, in a language: 1,234.5 as 1 234,5 in es and pt."""
    return figure if language == "en" else figure.replace(",", "\u202f").replace(".", ",")


def phrase(text: str) -> Words | None:
    """A label, unit, question or figure of a finding in each language; None if it is not known, or the same in all.

    A known question may be followed by the name of a corpus, as in "…, biblia".
    """
    question, corpus = (text, "") if text in PHRASES else asked_of(text)
    if question in PHRASES:
        return {language: words + corpus for language, words in ({"en": question} | PHRASES[question]).items()}
    if re.fullmatch(r"[−\d.,]*[.,][\d.,]*(e−?\d+)?", text):
        return {language: written(text, language) for language in LANGUAGES}
    return None


def asked_of(text: str) -> tuple[str, str]:
    """A question and, with its comma, the name of the corpus that follows it, if any does."""
    question, comma, corpus = text.rpartition(", ")
    return (question, comma + corpus) if re.fullmatch("[a-z_]+", corpus) and question else (text, "")


PAGE: dict[str, Words] = {
    "title": words(
        "Is it true what is said about networks that write?",
        "¿Es cierto lo que se dice de las redes que escriben?",
        "É verdade o que se diz das redes que escrevem?",
    ),
    "play": words(
        "Three such networks to play with: they write side by side in your browser",
        "Tres de esas redes para jugar con ellas: escriben una al lado de otra en tu navegador",
        "Três dessas redes para brincar com elas: escrevem lado a lado no seu navegador",
    ),
    "skip": words("Skip to the findings", "Ir a los resultados", "Ir para os resultados"),
    "language": words("Language", "Idioma", "Idioma"),
    "navigation": words("On this page", "En esta página", "Nesta página"),
    "overview": words("Overview", "Resumen", "Resumo"),
    "how": words("How to read this", "Cómo leerlo", "Como ler"),
    "sources": words("Sources", "Fuentes", "Fontes"),
    "intro": words(
        "Five texts in Spanish and Portuguese explain how a recurrent network learns to write letter by letter. We "
        "took "
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
        "Cada veredicto vale para los textos, tamaños y ajustes que probamos; los detalles de cada afirmación los "
        "dicen.",
        "Cada veredito vale para os textos, tamanhos e ajustes que testamos; os detalhes de cada afirmação os dizem.",
    ),
    "bits": words(
        "Bits per character say how much the next letter of an unread text surprises a model: fewer are better. A "
        "difference of less than 0.02 counts as none.",
        "Los bits por carácter dicen cuánto sorprende al modelo la letra siguiente de un texto que no ha leído: "
        "cuantos "
        "menos, mejor. Una diferencia de menos de 0,02 no cuenta.",
        "Os bits por caractere dizem quanto a próxima letra de um texto não lido surpreende o modelo: quanto menos, "
        "melhor. Uma diferença menor que 0,02 não conta.",
    ),
    "interval": words(
        "The 95 % interval is the range in which the true value probably lies. A short one means that we know it well.",
        "El intervalo del 95 % es el margen donde probablemente está el valor verdadero. Si es corto, lo conocemos "
        "bien.",
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
    "again": words(
        "Verdict of a first experiment; it has been designed again and waits to be run.",
        "Veredicto de un primer experimento, que se ha rediseñado y falta repetir.",
        "Veredito de um primeiro experimento, que foi refeito e falta repetir.",
    ),
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

README_TABLE: dict[str, Words] = {
    "head": words(
        "{n} claims judged: {counts}. [The report]({page}) has quotes, predictions, figures and samples.",
        "{n} afirmaciones juzgadas: {counts}. En [el informe]({page}) están las citas, lo que esperábamos, las cifras "
        "y las muestras.",
        "{n} afirmações julgadas: {counts}. No [relatório]({page}) estão as citações, o que esperávamos, os números "
        "e as amostras.",
    ),
    "columns": words("| claim | verdict |", "| afirmación | veredicto |", "| afirmação | veredito |"),
}
"""What a README says of the claims."""

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
    "radford": words("Radford and others, 2017", "Radford y otros, 2017", "Radford e outros, 2017"),
}
"""Each source as people call it: its authors, and the year where the source itself gives one."""

PHRASES: dict[str, Words] = {
    "bits per character": {"es": "bits por carácter", "pt": "bits por caractere"},
    "validation, bits per character": {"es": "validación, bits por carácter", "pt": "validação, bits por caractere"},
    "nats per character": {"es": "nats por carácter", "pt": "nats por caractere"},
    "share": {"es": "proporción", "pt": "proporção"},
    "share of runs": {"es": "proporción de ejecuciones", "pt": "proporção de execuções"},
    "share of failed runs": {"es": "ejecuciones fallidas", "pt": "execuções com falha"},
    "share of word 5-grams": {
        "es": "proporción de secuencias de 5 palabras",
        "pt": "proporção de sequências de 5 palavras",
    },
    "share of characters in copies": {
        "es": "proporción de caracteres copiados",
        "pt": "proporção de caracteres copiados",
    },
    "rank correlation": {"es": "correlación de rangos", "pt": "correlação de postos"},
    "largest difference": {"es": "mayor diferencia", "pt": "maior diferença"},
    "powers of ten": {"es": "potencias de diez", "pt": "potências de dez"},
    "seconds": {"es": "segundos", "pt": "segundos"},
    "learning rate": {"es": "tasa de aprendizaje", "pt": "taxa de aprendizado"},
    "temperature": {"es": "temperatura", "pt": "temperatura"},
    "epochs": {"es": "épocas", "pt": "épocas"},
    "layers": {"es": "capas", "pt": "camadas"},
    "arm": {"es": "variante", "pt": "variante"},
    "1 stream − 8 streams, equal epochs": {
        "es": "1 secuencia − 8, mismas épocas",
        "pt": "1 sequência − 8, mesmas épocas",
    },
    "a tenth − the whole, at equal epochs and at equal updates": {
        "es": "un décimo − el texto entero, con las mismas épocas y con los mismos pasos",
        "pt": "um décimo − o texto inteiro, com as mesmas épocas e com os mesmos passos",
    },
    "a tenth − the whole, equal epochs": {
        "es": "un décimo − el texto entero, mismas épocas",
        "pt": "um décimo − o texto inteiro, mesmas épocas",
    },
    "a tenth − the whole, equal updates": {
        "es": "un décimo − el texto entero, mismos pasos",
        "pt": "um décimo − o texto inteiro, mesmos passos",
    },
    "RNN − LSTM, equal hidden size": {"es": "RNN − LSTM, mismo tamaño", "pt": "RNN − LSTM, mesmo tamanho"},
    "GRU − LSTM, equal hidden size": {"es": "GRU − LSTM, mismo tamaño", "pt": "GRU − LSTM, mesmo tamanho"},
    "one-hot − embedding, scaled initial values": {
        "es": "one-hot − embedding, pesos iniciales ajustados",
        "pt": "one-hot − embedding, pesos iniciais ajustados",
    },
    "one-hot − embedding, scaled initial values: equivalent": {
        "es": "one-hot − embedding, pesos iniciales ajustados: sin diferencia",
        "pt": "one-hot − embedding, pesos iniciais ajustados: sem diferença",
    },
    "one-hot − embedding, PyTorch's initial values": {
        "es": "one-hot − embedding, pesos iniciales de PyTorch",
        "pt": "one-hot − embedding, pesos iniciais do PyTorch",
    },
    "share of failed runs: no clipping − norm clipped to 1": {
        "es": "ejecuciones fallidas: sin recorte − norma recortada a 1",
        "pt": "execuções com falha: sem corte − norma cortada em 1",
    },
    "share of failed runs: no clipping − values clipped to 5": {
        "es": "ejecuciones fallidas: sin recorte − valores recortados a 5",
        "pt": "execuções com falha: sem corte − valores cortados em 5",
    },
    "share of failed runs: no clipping − windows of 8": {
        "es": "ejecuciones fallidas: sin recorte − ventanas de 8",
        "pt": "execuções com falha: sem corte − janelas de 8",
    },
    "verses and words are learned in time": {
        "es": "versículos y palabras aprendidos a tiempo",
        "pt": "versículos e palavras aprendidos a tempo",
    },
    "the library computes the printed recurrences": {
        "es": "la biblioteca calcula las ecuaciones impresas",
        "pt": "a biblioteca calcula as equações impressas",
    },
    "h-e-l-l-o is learned": {"es": "se aprende h-e-l-l-o", "pt": "aprende-se h-e-l-l-o"},
    "2 layers, 2 epochs − 3 layers, 10 epochs": {
        "es": "2 capas, 2 épocas − 3 capas, 10 épocas",
        "pt": "2 camadas, 2 épocas − 3 camadas, 10 épocas",
    },
    "3 layers: 2 epochs − 10 epochs": {"es": "3 capas: 2 épocas − 10 épocas", "pt": "3 camadas: 2 épocas − 10 épocas"},
    "10 epochs: 2 layers − 3 layers": {"es": "10 épocas: 2 capas − 3 capas", "pt": "10 épocas: 2 camadas − 3 camadas"},
    "10 epochs: 1 layer − 3 layers": {"es": "10 épocas: 1 capa − 3 capas", "pt": "10 épocas: 1 camada − 3 camadas"},
    "copied, whole text": {"es": "copiado, texto entero", "pt": "copiado, texto inteiro"},
    "copied, whole text, sampled − human": {
        "es": "copiado, texto entero: generado − humano",
        "pt": "copiado, texto inteiro: gerado − humano",
    },
    "copied, a fiftieth − the whole": {
        "es": "copiado, un cincuentavo − el texto entero",
        "pt": "copiado, um quinquagésimo − o texto inteiro",
    },
    "RNN short, LSTM long": {
        "es": "memoria corta de la RNN, larga de la LSTM",
        "pt": "memória curta da RNN, longa da LSTM",
    },
    "recall: RNN, 3 dots": {"es": "recuerdo: RNN, 3 puntos", "pt": "lembrança: RNN, 3 pontos"},
    "recall: RNN, 100 dots": {"es": "recuerdo: RNN, 100 puntos", "pt": "lembrança: RNN, 100 pontos"},
    "recall: LSTM, 100 dots": {"es": "recuerdo: LSTM, 100 puntos", "pt": "lembrança: LSTM, 100 pontos"},
    "errors and variety rise with temperature": {
        "es": "errores y variedad crecen con la temperatura",
        "pt": "erros e variedade crescem com a temperatura",
    },
    "errors and variety rise with k": {
        "es": "errores y variedad crecen con k",
        "pt": "erros e variedade crescem com k",
    },
    "longer windows are better, carried or not": {
        "es": "mejor con ventanas más largas, con estado o sin él",
        "pt": "melhor com janelas mais longas, com estado ou sem",
    },
    "windows of 16 − 64, state carried": {
        "es": "ventanas de 16 − 64, estado conservado",
        "pt": "janelas de 16 − 64, estado mantido",
    },
    "windows of 64 − 256, state carried": {
        "es": "ventanas de 64 − 256, estado conservado",
        "pt": "janelas de 64 − 256, estado mantido",
    },
    "windows of 16 − 64, state reset": {
        "es": "ventanas de 16 − 64, estado reiniciado",
        "pt": "janelas de 16 − 64, estado zerado",
    },
    "windows of 64 − 256, state reset": {
        "es": "ventanas de 64 − 256, estado reiniciado",
        "pt": "janelas de 64 − 256, estado zerado",
    },
    "windows of 64: state reset − carried": {
        "es": "ventanas de 64: estado reiniciado − conservado",
        "pt": "janelas de 64: estado zerado − mantido",
    },
    "1 stream − 8 streams, equal updates": {
        "es": "1 secuencia − 8, mismos pasos",
        "pt": "1 sequência − 8, mesmos passos",
    },
    "unknown words rise with temperature": {
        "es": "palabras desconocidas según la temperatura",
        "pt": "palavras desconhecidas conforme a temperatura",
    },
    "distinct-2 rise with temperature": {
        "es": "variedad según la temperatura",
        "pt": "variedade conforme a temperatura",
    },
    "unknown words rise with top_k": {"es": "palabras desconocidas según k", "pt": "palavras desconhecidas conforme k"},
    "distinct-2 rise with top_k": {"es": "variedad según k", "pt": "variedade conforme k"},
    "corpus": {"es": "corpus", "pt": "corpus"},
    "recipe": {"es": "ajustes", "pt": "ajustes"},
    "characters seen": {"es": "caracteres leídos", "pt": "caracteres lidos"},
    "characters back": {"es": "caracteres hacia atrás", "pt": "caracteres para trás"},
    "characters of context": {"es": "caracteres de contexto", "pt": "caracteres de contexto"},
    "characters per window": {"es": "caracteres por ventana", "pt": "caracteres por janela"},
    "dots between": {"es": "puntos intermedios", "pt": "pontos no meio"},
    "accuracy": {"es": "aciertos, de 0 a 1", "pt": "acertos, de 0 a 1"},
    "both directions − one": {"es": "ambos sentidos − uno solo", "pt": "os dois sentidos − um só"},
    "network − counted words": {"es": "red − recuento de palabras", "pt": "rede − contagem de palavras"},
    "network, one direction − counted words": {
        "es": "red en un sentido − recuento de palabras",
        "pt": "rede num sentido − contagem de palavras",
    },
    "network, both directions − counted words": {
        "es": "red en ambos sentidos − recuento de palabras",
        "pt": "rede nos dois sentidos − contagem de palavras",
    },
    "best unit − half-way to counted words": {
        "es": "mejor unidad − medio camino hasta el recuento de palabras",
        "pt": "melhor unidade − meio caminho até a contagem de palavras",
    },
    "all units − half-way to counted words": {
        "es": "todas las unidades − medio camino hasta el recuento de palabras",
        "pt": "todas as unidades − meio caminho até a contagem de palavras",
    },
    "best unit, trained − untrained": {
        "es": "mejor unidad: entrenada − sin entrenar",
        "pt": "melhor unidade: treinada − sem treinar",
    },
    "1 stream": {"es": "1 secuencia", "pt": "1 sequência"},
    "8 streams": {"es": "8 secuencias", "pt": "8 sequências"},
    "no clipping": {"es": "sin recorte", "pt": "sem corte"},
    "norm clipped to 1": {"es": "norma recortada a 1", "pt": "norma cortada em 1"},
    "values clipped to 5": {"es": "valores recortados a 5", "pt": "valores cortados em 5"},
    "windows of 8": {"es": "ventanas de 8", "pt": "janelas de 8"},
    "verses": {"es": "versículos", "pt": "versículos"},
    "real words": {"es": "palabras que existen", "pt": "palavras que existem"},
    "sampled": {"es": "texto generado", "pt": "texto gerado"},
    "2 epochs": {"es": "2 épocas", "pt": "2 épocas"},
    "10 epochs": {"es": "10 épocas", "pt": "10 épocas"},
    "carried": {"es": "estado conservado", "pt": "estado mantido"},
    "reset": {"es": "estado reiniciado", "pt": "estado zerado"},
    "whole": {"es": "texto entero", "pt": "texto inteiro"},
    "a tenth, equal epochs": {"es": "1/10, mismas épocas", "pt": "1/10, mesmas épocas"},
    "a tenth, equal updates": {"es": "1/10, mismos pasos", "pt": "1/10, mesmos passos"},
    "whole, a tenth of the updates": {"es": "entero, 1/10 de los pasos", "pt": "inteiro, 1/10 dos passos"},
    "norm, relative to 1 back": {"es": "norma respecto a 1 atrás", "pt": "norma em relação a 1 atrás"},
    "A tenth of the text against the whole": {
        "es": "Un décimo del texto y el texto entero",
        "pt": "Um décimo do texto e o texto inteiro",
    },
    "Failed runs by learning rate": {
        "es": "Fallos según la tasa de aprendizaje",
        "pt": "Falhas conforme a taxa de aprendizado",
    },
    "Depth and epochs": {"es": "Profundidad y épocas", "pt": "Profundidade e épocas"},
    "Recall": {"es": "Lo que recuerdan", "pt": "O que lembram"},
    "Loss by length of context": {"es": "Error según el contexto leído", "pt": "Erro conforme o contexto lido"},
    "Gradient by lag": {"es": "Gradiente según la distancia", "pt": "Gradiente conforme a distância"},
    "Validation loss by length of the window": {"es": "Error según la ventana", "pt": "Erro conforme a janela"},
    "unknown words against temperature": {
        "es": "Palabras desconocidas y temperatura",
        "pt": "Palavras desconhecidas e temperatura",
    },
    "distinct-2 against temperature": {"es": "Variedad y temperatura", "pt": "Variedade e temperatura"},
    "unknown words against top_k": {"es": "Palabras desconocidas y top-k", "pt": "Palavras desconhecidas e top-k"},
    "distinct-2 against top_k": {"es": "Variedad y top-k", "pt": "Variedade e top-k"},
    "The learning rate for 1 stream and for 8": {
        "es": "La tasa de aprendizaje con 1 secuencia y con 8",
        "pt": "A taxa de aprendizado com 1 sequência e com 8",
    },
    "Three cells, equal hidden size": {"es": "Tres celdas del mismo tamaño", "pt": "Três células do mesmo tamanho"},
    "Three cells, equal parameters": {
        "es": "Tres celdas con los mismos parámetros",
        "pt": "Três células com os mesmos parâmetros",
    },
    "Copies grow with the number of epochs on a short text": {
        "es": "Las copias crecen con las épocas en un texto corto",
        "pt": "As cópias crescem com as épocas num texto curto",
    },
    "licence among what is recognised − in the text: text order, licence last, temperature 1": {
        "es": "parte que es licencia: en lo generado − en el texto; en orden, licencia al final, temperatura 1",
        "pt": "parte que é licença: no gerado − no texto; em ordem, licença no fim, temperatura 1",
    },
    "licence among what is recognised − in the text: text order, licence last, temperature 0.8": {
        "es": "parte que es licencia: en lo generado − en el texto; en orden, licencia al final, temperatura 0,8",
        "pt": "parte que é licença: no gerado − no texto; em ordem, licença no fim, temperatura 0,8",
    },
    "runs with the norm clipped to 1 that do not fail at rate 2": {
        "es": "norma recortada a 1: entrenamientos que no fallan con tasa 2",
        "pt": "norma cortada em 1: treinos que não falham com taxa 2",
    },
    "norm clipped to 1: gain at the best rate − at rate 2": {
        "es": "norma recortada a 1: ganancia con la mejor tasa − con tasa 2",
        "pt": "norma cortada em 1: ganho com a melhor taxa − com taxa 2",
    },
    "runs with the norm clipped to 1 that do not fail at rate 4": {
        "es": "norma recortada a 1: entrenamientos que no fallan con tasa 4",
        "pt": "norma cortada em 1: treinos que não falham com taxa 4",
    },
    "norm clipped to 1: gain at the best rate − at rate 4": {
        "es": "norma recortada a 1: ganancia con la mejor tasa − con tasa 4",
        "pt": "norma cortada em 1: ganho com a melhor taxa − com taxa 4",
    },
    "verses, 100,000 characters in Portuguese": {
        "es": "versículos, 100.000 caracteres en portugués",
        "pt": "versículos, 100.000 caracteres em português",
    },
    "real words, 100,000 characters in Portuguese": {
        "es": "palabras reales, 100.000 caracteres en portugués",
        "pt": "palavras reais, 100.000 caracteres em português",
    },
    "verses, King James, 2 epochs of 1,200,000 characters": {
        "es": "versículos, Biblia en inglés, 2 épocas de 1.200.000 caracteres",
        "pt": "versículos, Bíblia em inglês, 2 épocas de 1.200.000 caracteres",
    },
    "real words, King James, 2 epochs of 1,200,000 characters": {
        "es": "palabras reales, Biblia en inglés, 2 épocas de 1.200.000 caracteres",
        "pt": "palavras reais, Bíblia em inglês, 2 épocas de 1.200.000 caracteres",
    },
    "models whose embedding shows vowels": {
        "es": "modelos cuyo embedding distingue las vocales",
        "pt": "modelos cujo embedding distingue as vogais",
    },
    "models whose embedding shows capitals": {
        "es": "modelos cuyo embedding distingue las mayúsculas",
        "pt": "modelos cujo embedding distingue as maiúsculas",
    },
    "models whose embedding shows digits": {
        "es": "modelos cuyo embedding distingue las cifras",
        "pt": "modelos cujo embedding distingue os algarismos",
    },
    "share of models": {"es": "proporción de modelos", "pt": "proporção de modelos"},
    "RNN equals its formula": {"es": "la RNN coincide con su fórmula", "pt": "a RNN coincide com a sua fórmula"},
    "LSTM equals its formula": {"es": "la LSTM coincide con su fórmula", "pt": "a LSTM coincide com a sua fórmula"},
    "growth of the cell state, with the gate": {
        "es": "crecimiento de la memoria, con la puerta",
        "pt": "crescimento da memória, com a porta",
    },
    "growth of the cell state, trained with the gate at 1": {
        "es": "crecimiento de la memoria, puerta en 1 al entrenar",
        "pt": "crescimento da memória, porta em 1 ao treinar",
    },
    "growth of the cell state, only read with the gate at 1": {
        "es": "crecimiento de la memoria, puerta en 1 solo al leer",
        "pt": "crescimento da memória, porta em 1 só ao ler",
    },
    "texts that end in a loop, temperature 0": {
        "es": "textos que acaban en un bucle, temperatura 0",
        "pt": "textos que acabam em repetição, temperatura 0",
    },
    "texts that end in a loop, temperature 1": {
        "es": "textos que acaban en un bucle, temperatura 1",
        "pt": "textos que acabam em repetição, temperatura 1",
    },
    "'h' is continued by 'ello'": {"es": "tras «h» sigue «ello»", "pt": "depois de “h” vem “ello”"},
    "loss at the end": {"es": "pérdida final", "pt": "perda final"},
    "real words: Republic, 3 layers, 10 epochs − King James, 2 layers, 2 epochs": {
        "es": "palabras reales: La República, 3 capas, 10 épocas − Biblia en inglés, 2 capas, 2 épocas",
        "pt": "palavras reais: A República, 3 camadas, 10 épocas − Bíblia em inglês, 2 camadas, 2 épocas",
    },
    "real words: Republic, 3 layers, 10 epochs − Portuguese Bible, 2 layers, 2 epochs": {
        "es": "palabras reales: La República, 3 capas, 10 épocas − Biblia en portugués, 2 capas, 2 épocas",
        "pt": "palavras reais: A República, 3 camadas, 10 épocas − Bíblia em português, 2 camadas, 2 épocas",
    },
    "near copies, long text": {"es": "casi copias, texto largo", "pt": "quase cópias, texto longo"},
    "gradient 50 characters back, untrained, spectral radius 0.8": {
        "es": "gradiente 50 caracteres atrás, sin entrenar, radio espectral 0,8",
        "pt": "gradiente 50 caracteres atrás, sem treino, raio espectral 0,8",
    },
    "gradient 50 characters back, untrained, spectral radius 1.25": {
        "es": "gradiente 50 caracteres atrás, sin entrenar, radio espectral 1,25",
        "pt": "gradiente 50 caracteres atrás, sem treino, raio espectral 1,25",
    },
    "gradient 50 characters back, trained, spectral radius 0.8": {
        "es": "gradiente 50 caracteres atrás, entrenada, radio espectral 0,8",
        "pt": "gradiente 50 caracteres atrás, treinada, raio espectral 0,8",
    },
    "gradient 50 characters back, trained, spectral radius 1.25": {
        "es": "gradiente 50 caracteres atrás, entrenada, radio espectral 1,25",
        "pt": "gradiente 50 caracteres atrás, treinada, raio espectral 1,25",
    },
    "gradient 100 characters back, tanh": {
        "es": "gradiente 100 caracteres atrás, tanh",
        "pt": "gradiente 100 caracteres atrás, tanh",
    },
    "gradient 100 characters back, sigmoid": {
        "es": "gradiente 100 caracteres atrás, sigmoide",
        "pt": "gradiente 100 caracteres atrás, sigmoide",
    },
    "gradient 100 characters back, tanh, trained": {
        "es": "gradiente 100 caracteres atrás, tanh, entrenada",
        "pt": "gradiente 100 caracteres atrás, tanh, treinada",
    },
    "what the derivatives of tanh take away, trained": {
        "es": "lo que quitan las derivadas de la tanh, entrenada",
        "pt": "o que as derivadas da tanh tiram, treinada",
    },
    "recall: RNN, 80 dots": {"es": "recuerdo: RNN, 80 puntos", "pt": "lembrança: RNN, 80 pontos"},
    "recall: LSTM, 80 dots": {"es": "recuerdo: LSTM, 80 puntos", "pt": "lembrança: LSTM, 80 pontos"},
    "licence last: text order − shuffled, temperature 1": {
        "es": "licencia al final: en orden − mezclado, temperatura 1",
        "pt": "licença no fim: em ordem − embaralhado, temperatura 1",
    },
    "text order: licence last − licence first, temperature 1": {
        "es": "en orden: licencia al final − al principio, temperatura 1",
        "pt": "em ordem: licença no fim − no começo, temperatura 1",
    },
    "licence last: text order − shuffled, temperature 0.8": {
        "es": "licencia al final: en orden − mezclado, temperatura 0,8",
        "pt": "licença no fim: em ordem − embaralhado, temperatura 0,8",
    },
    "text order: licence last − licence first, temperature 0.8": {
        "es": "en orden: licencia al final − al principio, temperatura 0,8",
        "pt": "em ordem: licença no fim − no começo, temperatura 0,8",
    },
    "windows of 32 − 8, state carried": {
        "es": "ventanas de 32 − 8, estado conservado",
        "pt": "janelas de 32 − 8, estado mantido",
    },
    "windows of 32 − 8, state reset": {
        "es": "ventanas de 32 − 8, estado reiniciado",
        "pt": "janelas de 32 − 8, estado zerado",
    },
    "windows of 32 − 256, state carried": {
        "es": "ventanas de 32 − 256, estado conservado",
        "pt": "janelas de 32 − 256, estado mantido",
    },
    "windows of 32 − 256, state carried, equal characters": {
        "es": "ventanas de 32 − 256, estado conservado, mismos caracteres",
        "pt": "janelas de 32 − 256, estado mantido, mesmos caracteres",
    },
}
"""Labels, units, titles and questions of findings that are known here; others are shown in English."""
