"""The town, its people and what is known of them: true even when nobody acts. Imports nothing of ours."""
