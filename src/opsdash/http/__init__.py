"""The one HTTP client, by which sources read the world and notifiers tell it."""
