"""The recipe of the update: config, augmentation, threshold, retraining."""
