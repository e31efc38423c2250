"""What a file holds and where: its kind, images, categories and annotations, as columns of places and ids."""
