x = 1
<<<<<<< ours
y = 1
=======
y = 2
>>>>>>> theirs
