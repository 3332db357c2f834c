TEXT = """
<<<<<<< ours
=======
>>>>>>> theirs
"""
