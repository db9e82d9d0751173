"""From files of sequences and labels to a checked, tokenised dataset."""
