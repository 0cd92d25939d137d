"""seqloom: sequence models you own."""
