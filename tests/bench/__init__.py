"""The measurements themselves, at the size that CI can afford."""
