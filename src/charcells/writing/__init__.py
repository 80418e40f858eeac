"""From a trained model to text, and what can be said of that text."""
