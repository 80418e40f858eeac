"""Writing text with a trained model, and explaining that text."""
