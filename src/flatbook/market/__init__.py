"""What is observed: prices with their source and age. Observations are never journalled tick by tick."""
