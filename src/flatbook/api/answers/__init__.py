"""What programs are answered, one typed body per question, made of projections: of the API and of `--json` alike."""
