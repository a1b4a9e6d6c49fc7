"""What many tests do: find a lesson's cells, check an answer, write a small lesson."""


def write_lesson(folder, checks, quiz):
    """Write a lesson named trial: its checks.py and its quiz.md."""
    lesson = folder / "trial"
    lesson.mkdir()
    (lesson / "checks.py").write_text(checks)
    (lesson / "quiz.md").write_text(quiz)
