"""Files for Amazon SageMaker: requests of its API, and a script that sends them."""
