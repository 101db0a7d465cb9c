"""From pixels to numbers: finding faces, placing 478 points on each, following them, measuring them."""
