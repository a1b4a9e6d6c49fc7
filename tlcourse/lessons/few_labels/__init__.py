"""Few labels, foundation models."""
