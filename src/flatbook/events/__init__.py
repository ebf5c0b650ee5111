"""Everything that may stand in the journal: past tense, frozen, tagged and versioned."""
