"""Other programs' protocols, spoken as those programs speak them; what is changed goes down the one commit path."""
