"""Spheroid screens: plates and images to viabilities, dose-response curves and drug sensitivity scores."""
