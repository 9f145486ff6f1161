"""Long work: a folder per job, a queue that takes the folders in order, a worker process for each."""
