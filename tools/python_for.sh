# For scripts to source, from the repository root.

# Prints the path of a Python that has the packages of tools/requirements-NAME.txt, in tools/.venv-NAME.
python_for() {
    local environment=tools/.venv-$1 wanted=tools/requirements-$1.txt
    if ! cmp -s "$wanted" "$environment/requirements.txt"; then
        python3 -m venv "$environment"
        "$environment/bin/pip" install --quiet --requirement "$wanted"
        cp "$wanted" "$environment/requirements.txt"
    fi
    echo "$environment/bin/python"
}
