"""The import of people from CSV and Excel files, a kind of mass change (``employees.mass``).

``files`` opens what was uploaded (``csv_files``, ``xlsx_files``), ``columns`` recognises its
columns, ``days`` its dates, ``cells`` cleans a row, ``judging`` says what it would do, a page of
rows at a time, ``foreseen`` what all of them amount to. ``preparing`` puts these together for the
queue. ``again`` looks once more at who is added. ``results`` writes the template and the file of
problems.
"""
