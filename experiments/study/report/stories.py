"""Each claim told to a reader who is no expert, in English, Spanish and Portuguese."""

from dataclasses import dataclass
from hashlib import sha256

from experiments.study.report.languages import Words, words


@dataclass(frozen=True, kw_only=True)
class Story:
    """A claim told in plain sentences."""

    title: Words
    claimed: Words
    expected: Words | None = None
    """None: the prediction is shown as it stands in the finding."""
    retells: str = ""
    """`fingerprint` of the English prediction that `expected` retells. A finding with another one shows its own."""


def fingerprint(prediction: str) -> str:
    """The first eight digits of the SHA-256 of a prediction: it changes if the prediction is written anew."""
    return sha256(prediction.encode("utf-8", "surrogatepass")).hexdigest()[:8]


STORIES: dict[str, Story] = {
    "batch_count": Story(
        title=words(
            "One stream of text or eight give the same result",
            "Leer el texto en una secuencia o en ocho da lo mismo",
            "Ler o texto em uma sequência ou em oito dá na mesma",
        ),
        claimed=words(
            "Training with the text as one stream or cut into eight gives similar or equal results.",
            "Entrenar con el texto en una sola secuencia o cortado en ocho da resultados similares o iguales.",
            "Treinar com o texto numa só sequência ou cortado em oito dá resultados parecidos ou iguais.",
        ),
        expected=words(
            "One stream makes eight times as many learning steps and learns more, most of all in few epochs. With many "
            "epochs it may be the other way round.",
            "Con una secuencia hay ocho veces más pasos de aprendizaje y se aprende más, sobre todo en pocas épocas. "
            "Con muchas puede ser al revés.",
            "Com uma sequência há oito vezes mais passos de aprendizado e se aprende mais, sobretudo em poucas épocas. "
            "Com muitas pode ser o contrário.",
        ),
        retells="8e40f5f8",
    ),
    "corpus_size": Story(
        title=words(
            "A tenth of the text is not enough",
            "Con un décimo del texto no alcanza",
            "Um décimo do texto não basta",
        ),
        claimed=words(
            "With a text of a tenth of the length the model writes wrongly.",
            "Con un texto diez veces más corto, el modelo escribe de manera errónea.",
            "Com um texto dez vezes menor, o modelo escreve errado.",
        ),
        expected=words(
            "True, but mostly for another reason: less text also meant fewer learning steps.",
            "Cierto, pero sobre todo por otra razón: menos texto también supuso menos pasos de aprendizaje.",
            "Verdade, mas sobretudo por outro motivo: menos texto também significou menos passos de aprendizado.",
        ),
        retells="f039e6ef",
    ),
    "best_cell": Story(
        title=words(
            "The LSTM is the best of the three cells",
            "La LSTM es la mejor de las tres celdas",
            "A LSTM é a melhor das três células",
        ),
        claimed=words(
            "Of the plain recurrent network, the GRU and the LSTM, the LSTM gave the best results.",
            "Entre la red recurrente simple, la GRU y la LSTM, la LSTM dio los mejores resultados.",
            "Entre a rede recorrente simples, a GRU e a LSTM, a LSTM deu os melhores resultados.",
        ),
        expected=words(
            "The LSTM beats the plain network; against the GRU it depends on the training settings.",
            "La LSTM supera a la red simple; frente a la GRU depende de los ajustes de entrenamiento.",
            "A LSTM supera a rede simples; contra a GRU, depende dos ajustes de treinamento.",
        ),
        retells="959d5dda",
    ),
    "gru_cost": Story(
        title=words(
            "The GRU is as good as the LSTM and cheaper",
            "La GRU es tan buena como la LSTM y cuesta menos",
            "A GRU é tão boa quanto a LSTM e custa menos",
        ),
        claimed=words(
            "The GRU performs on a par with the LSTM and needs less computing.",
            "La GRU rinde a la par que la LSTM y necesita menos cálculo.",
            "A GRU rende tanto quanto a LSTM e exige menos cálculo.",
        ),
        expected=words(
            "It depends on the training settings; three quarters of the operations, and still slower on a CPU.",
            "Depende de los ajustes; tres cuartas partes de las operaciones y, aun así, más lenta en una CPU.",
            "Depende dos ajustes; três quartos das operações e, mesmo assim, mais lenta numa CPU.",
        ),
        retells="fe3928b2",
    ),
    "memorisation": Story(
        title=words(
            "Trained on a long text, a model repeats it",
            "Con un texto largo, el modelo lo repite",
            "Com um texto longo, o modelo o repete",
        ),
        claimed=words(
            "If the text is long, what is generated will be similar or equal to the original.",
            "Si el texto es largo, lo que se genera será similar o igual al original.",
            "Se o texto é longo, o que se gera será parecido ou igual ao original.",
        ),
        expected=words(
            "The opposite: a short text that is read often is copied, a long one hardly.",
            "Lo contrario: se copia un texto corto leído muchas veces; uno largo, apenas.",
            "O contrário: copia-se um texto curto lido muitas vezes; um longo, quase nada.",
        ),
        retells="d6d79b03",
    ),
    "short_memory": Story(
        title=words(
            "A plain network forgets soon, an LSTM does not",
            "La red simple olvida pronto; la LSTM no",
            "A rede simples esquece logo; a LSTM não",
        ),
        claimed=words(
            "A plain recurrent network works only on short sequences; an LSTM also learns from long ones.",
            "Una red recurrente simple solo funciona con secuencias cortas; una LSTM también aprende de las largas.",
            "Uma rede recorrente simples só funciona com sequências curtas; uma LSTM também aprende com as longas.",
        ),
        expected=words(
            "The order is right, the reach is not: the LSTM remembers longer than the plain network, about 50 steps "
            "against 15, but not 80.",
            "El orden es correcto; el alcance, no: la LSTM recuerda más tiempo que la red simple, unos 50 pasos "
            "frente a 15, pero no 80.",
            "A ordem está certa; o alcance, não: a LSTM lembra por mais tempo que a rede simples, uns 50 passos "
            "contra 15, mas não 80.",
        ),
        retells="d5ec423f",
    ),
    "clipping": Story(
        title=words(
            "Clipping gradients cures exploding ones",
            "Recortar los gradientes evita que exploten",
            "Cortar os gradientes evita que explodam",
        ),
        claimed=words(
            "Exploding gradients are easily cured by limiting their size.",
            "La explosión de gradientes se resuelve fácilmente si se limita su tamaño.",
            "A explosão de gradientes se resolve facilmente limitando o tamanho deles.",
        ),
        expected=words(
            "Made smaller, not solved: fewer runs fail at high learning rates, but those that are rescued stay "
            "clearly worse than at the best rate.",
            "Se alivia, no se resuelve: fallan menos ejecuciones con tasas altas, pero las rescatadas quedan "
            "claramente peor que con la mejor tasa.",
            "Alivia, não resolve: menos execuções falham com taxas altas, mas as que se salvam ficam claramente "
            "piores do que com a melhor taxa.",
        ),
        retells="f9827876",
    ),
    "truncation": Story(
        title=words(
            "Short windows forget, too long ones train badly",
            "Las ventanas cortas olvidan; las demasiado largas entrenan mal",
            "Janelas curtas esquecem; longas demais treinam mal",
        ),
        claimed=words(
            "Short pieces of text make a model miss long dependencies; too long ones are costly and make training "
            "hard.",
            "Con fragmentos cortos el modelo no capta relaciones lejanas; los demasiado largos son costosos y "
            "dificultan el entrenamiento.",
            "Com trechos curtos o modelo não capta relações distantes; os longos demais são custosos e dificultam o "
            "treinamento.",
        ),
        expected=words(
            "Half true: windows of 8 recall less than windows of 32; windows of 256 recall as much, given as many "
            "learning steps.",
            "Cierto a medias: con ventanas de 8 se recuerda menos que con ventanas de 32; con ventanas de 256, lo "
            "mismo, si hay los mismos pasos de aprendizaje.",
            "Meia verdade: com janelas de 8 lembra-se menos do que com janelas de 32; com janelas de 256, o mesmo, "
            "se há tantos passos de aprendizado.",
        ),
        retells="29cb86b1",
    ),
    "temperature": Story(
        title=words(
            "A high temperature is creative and makes mistakes",
            "Con temperatura alta hay creatividad y errores",
            "Temperatura alta traz criatividade e erros",
        ),
        claimed=words(
            "A high temperature makes the text more creative, with more mistakes; a low one the opposite.",
            "Una temperatura alta da textos más creativos y con más errores; una baja, lo contrario.",
            "Uma temperatura alta dá textos mais criativos e com mais erros; uma baixa, o contrário.",
        ),
        expected=words(
            "True: unknown words and variety both rise, from fewer unknown words than a person writes to more than "
            "twice as many. A first word that the model never saw does no harm later.",
            "Cierto: aumentan tanto las palabras desconocidas como la variedad, desde menos palabras desconocidas que "
            "las de una persona hasta más del doble. Empezar con una palabra nunca vista no perjudica después.",
            "Verdade: aumentam tanto as palavras desconhecidas quanto a variedade, de menos palavras desconhecidas do "
            "que as de uma pessoa a mais do dobro. Começar com uma palavra nunca vista não prejudica depois.",
        ),
        retells="d402e9cd",
    ),
    "top_k": Story(
        title=words(
            "More letters to choose from make odder text",
            "Con más letras para elegir, el texto es más absurdo",
            "Com mais letras para escolher, o texto fica mais absurdo",
        ),
        claimed=words(
            "Choosing among the k likeliest letters makes the text somewhat random and at times absurd.",
            "Elegir entre las k letras más probables da un texto algo aleatorio y a veces absurdo.",
            "Escolher entre as k letras mais prováveis dá um texto um pouco aleatório e às vezes absurdo.",
        ),
        expected=words(
            "True: with more letters both variety and mistakes rise, and two letters bring most of the variety.",
            "Cierto: con más letras aumentan la variedad y los errores, y con dos ya se logra casi toda la variedad.",
            "Verdade: com mais letras aumentam a variedade e os erros, e com duas já se obtém quase toda a variedade.",
        ),
        retells="db0bc445",
    ),
    "boilerplate": Story(
        title=words(
            "The model repeats the licence too often",
            "El modelo repite demasiado la licencia",
            "O modelo repete demais a licença",
        ),
        claimed=words(
            "The licence of the e-book turns up in the samples: a strange kind of overfitting to parts of the text.",
            "La licencia del libro electrónico aparece en lo generado: un extraño sobreajuste a ciertas partes del "
            "texto.",
            "A licença do livro eletrônico aparece no que se gera: um estranho overfitting a certas partes do texto.",
        ),
        expected=words(
            "True if the text is read in order with the licence last, as there; if it is shuffled, about as often as "
            "in the book.",
            "Cierto si el texto se lee en orden y la licencia va al final, como allí; si se baraja, casi tanto como "
            "en el libro.",
            "Verdade se o texto é lido em ordem e a licença vem no fim, como ali; se embaralhado, quase tanto quanto "
            "no livro.",
        ),
        retells="0e41c7b7",
    ),
    "early_structure": Story(
        title=words(
            "Words and verses are learned within minutes",
            "En minutos se aprenden palabras y versículos",
            "Em minutos se aprendem palavras e versículos",
        ),
        claimed=words(
            "After little training the model already separates words and numbers verses as the Bible does.",
            "Con poco entrenamiento, el modelo ya separa palabras y numera versículos como la Biblia.",
            "Com pouco treinamento, o modelo já separa palavras e numera versículos como a Bíblia.",
        ),
        expected=words(
            "True: in both texts more than nine of ten lines are well formed and more than seven of ten words real.",
            "Cierto: en los dos textos, más de nueve de cada diez líneas bien formadas y más de siete de cada diez "
            "palabras reales.",
            "Verdade: nos dois textos, mais de nove de cada dez linhas bem formadas e mais de sete de cada dez "
            "palavras reais.",
        ),
        retells="dc81ec12",
    ),
    "longer_not_better": Story(
        title=words(
            "More layers and epochs hardly help",
            "Más capas y más épocas apenas ayudan",
            "Mais camadas e mais épocas quase não ajudam",
        ),
        claimed=words(
            "With three layers and ten epochs the result did not look much better.",
            "Con tres capas y diez épocas, el resultado no pareció mucho mejor.",
            "Com três camadas e dez épocas, o resultado não pareceu muito melhor.",
        ),
        expected=words(
            "False as a whole: clearly better than the text with a fifth of the learning steps, hardly than the one "
            "with about as many.",
            "Falso en conjunto: claramente mejor que el texto con la quinta parte de los pasos de aprendizaje; "
            "apenas mejor que el que tuvo casi los mismos.",
            "Falso no conjunto: claramente melhor que o texto com um quinto dos passos de aprendizado; quase nada "
            "melhor que o que teve mais ou menos os mesmos.",
        ),
        retells="256aa541",
    ),
    "embedding": Story(
        title=words(
            "Learned vectors are better than one-hot ones",
            "Los vectores aprendidos superan a los one-hot",
            "Vetores aprendidos superam os one-hot",
        ),
        claimed=words(
            "One-hot vectors are simple but weak; learned embeddings solve the problem. (The text speaks of words.)",
            "Los vectores one-hot son simples pero débiles; los embeddings aprendidos lo resuelven. (El texto habla "
            "de palabras.)",
            "Vetores one-hot são simples, mas fracos; os embeddings aprendidos resolvem isso. (O texto fala de "
            "palavras.)",
        ),
        expected=words(
            "For letters it depends on the initial weights: alike if they are scaled, worse with PyTorch's own.",
            "Con letras depende de los pesos iniciales: igual si están ajustados, peor con los de PyTorch.",
            "Com letras depende dos pesos iniciais: igual se estão ajustados, pior com os do PyTorch.",
        ),
        retells="514781fc",
    ),
    "training_order": Story(
        title=words(
            "The model writes what it read last",
            "El modelo escribe lo último que leyó",
            "O modelo escreve o que leu por último",
        ),
        claimed=words(
            "There is a strange kind of overfitting to certain parts of the text.",
            "Hay un extraño sobreajuste a ciertas partes del texto.",
            "Há uma estranha espécie de overfitting a certas partes do texto.",
        ),
        expected=words(
            "True: read in order, with the licence at the end, nearly everything sampled is licence; shuffled, it is "
            "not.",
            "Cierto: si se lee en orden, con la licencia al final, casi todo lo generado es licencia; si se baraja, "
            "no.",
            "Verdade: lido em ordem, com a licença no fim, quase tudo o que se gera é licença; embaralhado, não.",
        ),
        retells="f391c00d",
    ),
    "hello": Story(
        title=words(
            "A tiny network learns to spell hello",
            "Una red pequeña aprende a escribir hello",
            "Uma rede pequena aprende a escrever hello",
        ),
        claimed=words(
            "Given one letter after another, the network learns the sequence h-e-l-l-o.",
            "Recibiendo una letra tras otra, la red aprende la secuencia h-e-l-l-o.",
            "Recebendo uma letra após a outra, a rede aprende a sequência h-e-l-l-o.",
        ),
        expected=words(
            "True, within a hundred learning steps.",
            "Cierto, en cien pasos de aprendizaje.",
            "Verdade, em cem passos de aprendizado.",
        ),
        retells="5adea9cb",
    ),
    "equations": Story(
        title=words(
            "The printed equations are what PyTorch computes",
            "Las ecuaciones impresas son lo que calcula PyTorch",
            "As equações impressas são o que o PyTorch calcula",
        ),
        claimed=words(
            "Working the steps out by hand gives the numbers of the library's own network.",
            "Al calcular los pasos a mano se obtienen los números de la red de la biblioteca.",
            "Calculando os passos à mão, obtêm-se os números da rede da biblioteca.",
        ),
        expected=words(
            "Equal, but for rounding in the last digits.",
            "Iguales, salvo el redondeo de las últimas cifras.",
            "Iguais, salvo o arredondamento dos últimos dígitos.",
        ),
        retells="e74ad023",
    ),
    "never_reset": Story(
        title=words(
            "A word the model never saw makes it fail",
            "Una palabra nunca vista hace fallar al modelo",
            "Uma palavra nunca vista faz o modelo falhar",
        ),
        claimed=words(
            "Given “Alcohol”, a word that is not in its text, the model writes nonsense.",
            "Si empieza con «Alcohol», que no está en su texto, el modelo escribe sin sentido.",
            "Começando com “Alcohol”, que não está no seu texto, o modelo escreve coisas sem sentido.",
        ),
        expected=words(
            "False: an unknown word does little harm, whether or not the network's state was ever set back in "
            "training.",
            "Falso: una palabra desconocida apenas perjudica, se haya reiniciado o no el estado de la red al entrenar.",
            "Falso: uma palavra desconhecida quase não atrapalha, tenha o estado da rede sido zerado no treinamento "
            "ou não.",
        ),
        retells="6d253015",
    ),
    "greedy_loops": Story(
        title=words(
            "Always taking the likeliest letter ends in a loop",
            "Elegir siempre la letra más probable acaba en un bucle",
            "Escolher sempre a letra mais provável acaba em repetição",
        ),
        claimed=words(
            "If the likeliest letter is always chosen, the model can get into a loop.",
            "Si siempre se elige el carácter más probable, el modelo puede entrar en un bucle.",
            "Se sempre se escolhe o caractere mais provável, o modelo pode entrar em um ciclo.",
        ),
        expected=words(
            "True: nearly every text ends in a loop; if letters are drawn by their probabilities, none does.",
            "Cierto: casi todos los textos acaban en un bucle; si las letras se sortean según su probabilidad, "
            "ninguno.",
            "Verdade: quase todos os textos acabam em repetição; se as letras são sorteadas conforme a "
            "probabilidade, nenhum.",
        ),
        retells="d80659eb",
    ),
    "window_enough": Story(
        title=words(
            "A hundred characters are enough context",
            "Cien caracteres de contexto bastan",
            "Cem caracteres de contexto bastam",
        ),
        claimed=words(
            "Pieces of 100 characters are long enough to hold the dependencies that matter.",
            "Los fragmentos de 100 caracteres bastan para captar las relaciones importantes.",
            "Trechos de 100 caracteres bastam para captar as relações importantes.",
        ),
        expected=words(
            "True for models of this size: context beyond 100 characters gains next to nothing.",
            "Cierto para modelos de este tamaño: con más de 100 caracteres de contexto no se gana casi nada.",
            "Verdade para modelos deste tamanho: com mais de 100 caracteres de contexto não se ganha quase nada.",
        ),
        retells="79c8875e",
    ),
    "long_windows_hurt": Story(
        title=words(
            "Too long windows make training harder",
            "Las ventanas demasiado largas dificultan el entrenamiento",
            "Janelas longas demais dificultam o treinamento",
        ),
        claimed=words(
            "Excessively long sequences make a recurrent network hard to train.",
            "Las secuencias demasiado largas dificultan el entrenamiento de una red recurrente.",
            "Sequências excessivamente longas dificultam o treinamento de uma rede recorrente.",
        ),
        expected=words(
            "False: with all else equal, windows of 800 characters end level with windows of 100; they only allow "
            "fewer learning steps.",
            "Falso: a igualdad de todo lo demás, las ventanas de 800 caracteres acaban igual que las de 100; solo "
            "permiten menos pasos de aprendizaje.",
            "Falso: com todo o resto igual, janelas de 800 caracteres terminam como as de 100; só permitem menos "
            "passos de aprendizado.",
        ),
        retells="0747e72d",
    ),
    "batch_stabilises": Story(
        title=words(
            "Sixty-four sequences at once steady training",
            "Sesenta y cuatro secuencias a la vez estabilizan",
            "Sessenta e quatro sequências por vez estabilizam",
        ),
        claimed=words(
            "Averaging over batches of 64 sequences helps to make the optimisation stable.",
            "Promediar lotes de 64 secuencias ayuda a estabilizar la optimización.",
            "Tirar a média de lotes de 64 sequências ajuda a estabilizar a otimização.",
        ),
        expected=words(
            "True: with one stream the error jumps about at least twice as much as with 64, and runs differ more in "
            "the end.",
            "Cierto: con una secuencia el error oscila al menos el doble que con 64, y los resultados finales varían "
            "más.",
            "Verdade: com uma sequência o erro oscila pelo menos o dobro do que com 64, e os resultados finais "
            "variam mais.",
        ),
        retells="1dbfe744",
    ),
    "embedding_relations": Story(
        title=words(
            "Embeddings learn which letters are alike",
            "Los embeddings aprenden qué letras se parecen",
            "Os embeddings aprendem quais letras se parecem",
        ),
        claimed=words(
            "The embedding layer learns meaningful relations between characters.",
            "La capa de embedding aprende relaciones significativas entre los caracteres.",
            "A camada de embedding aprende relações significativas entre os caracteres.",
        ),
        expected=words(
            "True for vowels and digits; less clear for capitals, most of which are rare.",
            "Cierto para las vocales y las cifras; menos claro para las mayúsculas, casi todas poco frecuentes.",
            "Verdade para as vogais e os algarismos; menos claro para as maiúsculas, quase todas raras.",
        ),
        retells="e496be75",
    ),
    "forget_gate": Story(
        title=words(
            "The forget gate keeps the memory from growing",
            "La puerta del olvido evita que la memoria crezca sin fin",
            "A porta do esquecimento impede que a memória cresça sem fim",
        ),
        claimed=words(
            "The forget gate lets the cell reset its state, so that it does not grow without end.",
            "La puerta del olvido permite restablecer el estado de la célula sin que crezca indefinidamente.",
            "A porta do esquecimento permite restabelecer o estado da célula sem que cresça indefinidamente.",
        ),
        expected=words(
            "True: with the gate the memory is as large after 10,000 characters as after 1,000; with the gate held "
            "open it grows two- to tenfold.",
            "Cierto: con la puerta, la memoria es igual de grande tras 10 000 caracteres que tras 1 000; con la "
            "puerta siempre abierta crece de dos a diez veces.",
            "Verdade: com a porta, a memória é tão grande após 10 000 caracteres quanto após 1 000; com a porta "
            "sempre aberta, cresce de duas a dez vezes.",
        ),
        retells="b65904fb",
    ),
    "recurrent_weight": Story(
        title=words(
            "Weights below one make gradients vanish, above one explode",
            "Con pesos menores que uno el gradiente se desvanece; con mayores, explota",
            "Com pesos menores que um o gradiente some; com maiores, explode",
        ),
        claimed=words(
            "Multiplied by itself again and again, a weight below 1 gives almost nothing and one above 1 very much.",
            "Multiplicado por sí mismo una y otra vez, un peso menor que 1 da casi nada y uno mayor que 1, muchísimo.",
            "Multiplicado por si mesmo muitas vezes, um peso menor que 1 dá quase nada e um maior que 1, muitíssimo.",
        ),
        expected=words(
            "Half true: in a linear network it is arithmetic; in one with tanh that reads text, gradients vanish "
            "even with weights above 1.",
            "Cierto a medias: en una red lineal es aritmética; en una con tanh que lee texto, el gradiente se "
            "desvanece aunque los pesos pasen de 1.",
            "Meia verdade: numa rede linear é aritmética; numa com tanh que lê texto, o gradiente some mesmo com "
            "pesos acima de 1.",
        ),
        retells="26f4c16c",
    ),
    "saturation": Story(
        title=words(
            "Sigmoid and tanh make gradients vanish",
            "La sigmoide y la tanh hacen desvanecer el gradiente",
            "A sigmoide e a tanh fazem o gradiente sumir",
        ),
        claimed=words(
            "With sigmoid or tanh the product of derivatives comes close to zero, or grows very large.",
            "Con sigmoide o tanh, el producto de las derivadas se acerca a cero o se vuelve muy grande.",
            "Com sigmoide ou tanh, o produto das derivadas se aproxima de zero ou fica muito grande.",
        ),
        expected=words(
            "True, and far more so of the sigmoid than of tanh.",
            "Cierto, y mucho más con la sigmoide que con la tanh.",
            "Verdade, e muito mais com a sigmoide do que com a tanh.",
        ),
        retells="85a1b16f",
    ),
    "bidirectional": Story(
        title=words(
            "Reading a review both ways helps",
            "Leer una reseña en ambos sentidos ayuda",
            "Ler uma resenha nos dois sentidos ajuda",
        ),
        claimed=words(
            "A network that reads a film review forwards and backwards tells better whether it praises the film.",
            "Una red que lee una reseña de cine hacia delante y hacia atrás sabe mejor si elogia la película.",
            "Uma rede que lê uma resenha de cinema para a frente e para trás sabe melhor se ela elogia o filme.",
        ),
        expected=words(
            "No difference worth the name: single words give the opinion away, and either direction finds them.",
            "Ninguna diferencia que importe: la opinión se delata en palabras sueltas, que ambos sentidos encuentran.",
            "Nenhuma diferença que importe: a opinião se revela em palavras soltas, que os dois sentidos encontram.",
        ),
        retells="29141b08",
    ),
    "bag_of_words": Story(
        title=words(
            "A network that reads in order beats counted words",
            "Una red que lee en orden supera al recuento de palabras",
            "Uma rede que lê em ordem supera a contagem de palavras",
        ),
        claimed=words(
            "Order matters in a text, so a recurrent network should understand a review better than a method that "
            "only counts words.",
            "En un texto el orden importa: una red recurrente debería entender una reseña mejor que un método que "
            "solo cuenta palabras.",
            "Num texto a ordem importa: uma rede recorrente deveria entender uma resenha melhor do que um método "
            "que só conta palavras.",
        ),
        expected=words(
            "Not with so few reviews: counting words is right more often, above all on long Spanish reviews.",
            "No con tan pocas reseñas: contar palabras acierta más, sobre todo en las reseñas largas en español.",
            "Não com tão poucas resenhas: contar palavras acerta mais, sobretudo nas resenhas longas em espanhol.",
        ),
        retells="009f9925",
    ),
    "cells_on_reviews": Story(
        title=words(
            "The LSTM reads a review better than a plain network",
            "La LSTM lee una reseña mejor que una red simple",
            "A LSTM lê uma resenha melhor do que uma rede simples",
        ),
        claimed=words(
            "The LSTM keeps what stood far back, so it should judge a whole review better than a plain recurrent "
            "network.",
            "La LSTM conserva lo que quedó muy atrás: debería juzgar una reseña entera mejor que una red "
            "recurrente simple.",
            "A LSTM guarda o que ficou muito atrás: deveria julgar uma resenha inteira melhor do que uma rede "
            "recorrente simples.",
        ),
        expected=words(
            "True by a few reviews in a hundred; GRU and LSTM do equally well.",
            "Cierto, por unas pocas reseñas de cada cien; la GRU y la LSTM rinden igual.",
            "Verdade, por umas poucas resenhas em cada cem; a GRU e a LSTM rendem o mesmo.",
        ),
        retells="d67ec59e",
    ),
    "sentiment_unit": Story(
        title=words(
            "One unit of a network knows the sentiment",
            "Una sola unidad de la red conoce el sentimiento",
            "Uma só unidade da rede conhece o sentimento",
        ),
        claimed=words(
            "A network that has only learned to predict characters has a single unit that tells praise from blame.",
            "Una red que solo aprendió a predecir caracteres tiene una unidad que distingue el elogio de la crítica.",
            "Uma rede que só aprendeu a prever caracteres tem uma unidade que distingue o elogio da crítica.",
        ),
        expected=words(
            "Not in small networks: their best unit is right hardly more often than a guess.",
            "No en redes pequeñas: su mejor unidad acierta apenas más que el azar.",
            "Não em redes pequenas: a melhor unidade acerta pouco mais do que o acaso.",
        ),
        retells="c3b4f6fe",
    ),
}
"""By the name of the claim; a claim without one is shown by its name and its English prediction."""
