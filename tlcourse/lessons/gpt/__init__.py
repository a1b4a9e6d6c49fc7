"""GPT: prompts, examples, features."""
