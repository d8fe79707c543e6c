"""Requirements in other formats than pip's: each module turns one into lines as pip reads them."""
