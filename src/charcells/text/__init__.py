"""Loading corpora, and statistics of texts: vocabulary, n-grams, copies, words. No PyTorch."""
