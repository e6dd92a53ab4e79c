"""Pages for people, in Japanese and English: texts are data, and nothing runs in the browser."""
