"""`make chaos`: everything dies at random while people work; what was acknowledged must be there, once."""
