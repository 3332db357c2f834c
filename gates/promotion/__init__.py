"""May a module go up a lane? Judged by verified evidence alone; what is decided is signed."""
