"""A trained model in a folder that others can use: weights, configuration, vocabulary and a model card."""
