# Completion of confman for bash. Source it, or put it where bash-completion finds it:
# /usr/share/bash-completion/completions/confman
_confman() {
    local rest=${COMP_LINE:0:COMP_POINT} words=() word gap answer i
    # Bash breaks a=b and a:b into three words, between which nothing stands.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        gap=${rest%%[![:space:]]*}
        rest=${rest#"$gap"}
        word=${COMP_WORDS[i]}
        if ((i == COMP_CWORD)); then
            word=$rest # up to the cursor
        fi
        rest=${rest#"$word"}
        if ((i > 1)) && [[ -z $gap ]]; then
            words[${#words[@]} - 1]+=$word
        elif ((i > 0)); then
            words+=("$word")
        fi
    done
    COMPREPLY=()
    if ! answer=$("${1/#\~/$HOME}" complete --breaks "$COMP_WORDBREAKS" -- "${words[@]}" 2>/dev/null); then
        compopt -o default 2>/dev/null
        return
    fi
    if [[ -n $answer ]]; then
        mapfile -t COMPREPLY <<<"$answer"
    fi
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -F _confman confman
