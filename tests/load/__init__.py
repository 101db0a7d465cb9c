"""`make load` and `make chaos`: a real installation under many people, and under blows."""
