// Written by empty_climb.py, which says how it works; a test writes it anew and compares.

from starkware.cairo.common.cairo_builtins import HashBuiltin
from starkware.cairo.common.dict_access import DictAccess

// Where a path leaves its empty surroundings: the node on this level.
struct Start {
    index: felt,
    before: felt,
    after: felt,
    level: felt,
}

// From each of `n_updates` > 0 updated leaves up as far as the hint says. Everything beside the path is empty, and so
// is the leaf before, unless the path leaves at once. The index is the key without the bits that the turns spell,
// halved as a field element once a level.
func climb_empty{pedersen_ptr: HashBuiltin*}(
    updates: DictAccess*, n_updates: felt, empty_roots: felt*, starts: Start*
) {
    ap += 57;
    [fp + 0] = [[fp - 4] + 0];
    [fp + 1] = [[fp - 4] + 1];
    [fp + 2] = [[fp - 4] + 2];
    [fp + 3] = [[fp - 4] + 3];
    [fp + 4] = [[fp - 4] + 4];
    [fp + 5] = [[fp - 4] + 5];
    [fp + 6] = [[fp - 4] + 6];
    [fp + 7] = [[fp - 4] + 7];
    [fp + 8] = [[fp - 4] + 8];
    [fp + 9] = [[fp - 4] + 9];
    [fp + 10] = [[fp - 4] + 10];
    [fp + 11] = [[fp - 4] + 11];
    [fp + 12] = [[fp - 4] + 12];
    [fp + 13] = [[fp - 4] + 13];
    [fp + 14] = [[fp - 4] + 14];
    [fp + 15] = [[fp - 4] + 15];
    [fp + 16] = [[fp - 4] + 16];
    [fp + 17] = [[fp - 4] + 17];
    [fp + 18] = [[fp - 4] + 18];
    [fp + 19] = [[fp - 4] + 19];
    [fp + 20] = [[fp - 4] + 20];
    [fp + 21] = [[fp - 4] + 21];
    [fp + 22] = [[fp - 4] + 22];
    [fp + 23] = [[fp - 4] + 23];
    [fp + 24] = [[fp - 4] + 24];
    [fp + 25] = [[fp - 4] + 25];
    [fp + 26] = [[fp - 4] + 26];
    [fp + 27] = [[fp - 4] + 27];
    [fp + 28] = [[fp - 4] + 28];
    [fp + 29] = [[fp - 4] + 29];
    [fp + 30] = [[fp - 4] + 30];
    [fp + 31] = [[fp - 4] + 31];
    [fp + 32] = [[fp - 4] + 32];
    [fp + 33] = [[fp - 4] + 33];
    [fp + 34] = [[fp - 4] + 34];
    [fp + 35] = [[fp - 4] + 35];
    [fp + 36] = [[fp - 4] + 36];
    [fp + 37] = [[fp - 4] + 37];
    [fp + 38] = [[fp - 4] + 38];
    [fp + 39] = [[fp - 4] + 39];
    [fp + 40] = [[fp - 4] + 40];
    [fp + 41] = [[fp - 4] + 41];
    [fp + 42] = [[fp - 4] + 42];
    [fp + 43] = [[fp - 4] + 43];
    [fp + 44] = [[fp - 4] + 44];
    [fp + 45] = [[fp - 4] + 45];
    [fp + 46] = [[fp - 4] + 46];
    [fp + 47] = [[fp - 4] + 47];
    [fp + 48] = [[fp - 4] + 48];
    [fp + 49] = [[fp - 4] + 49];
    [fp + 50] = [[fp - 4] + 50];
    [fp + 51] = [[fp - 4] + 51];
    [fp + 52] = [[fp - 4] + 52];
    [fp + 53] = [[fp - 4] + 53];
    [fp + 54] = [[fp - 4] + 54];
    [fp + 55] = [[fp - 4] + 55];
    [fp + 56] = [[fp - 4] + 56];
    [ap] = [fp - 6], ap++;
    [ap] = [fp - 7], ap++;
    [ap] = [fp - 3], ap++;
    [ap] = [fp - 5], ap++;

    // On the stack: update, place of the next hash, start, updates left.
    next_leaf:
    %{
        for offset, choice in tree.choices():
            memory[ap + offset] = choice
    %}
    [ap] = [[ap - 4] + 2], ap++;
    [ap] = 0, ap++;
    jmp exit_0 if [ap] != 0, ap++;
    [fp] = [[ap - 7] + 1];
    jmp right_0 if [ap] != 0, ap++;

    left_0:
    [ap - 4] = [[ap - 7] + 0];
    [fp + 0] = [[ap - 7] + 1];
    [ap] = [[ap - 7] + 2], ap++;
    [ap] = [ap - 4], ap++;
    jmp right_1 if [ap] != 0, ap++;

    left_1:
    [ap - 3] = [[ap - 10] + 3];
    [fp + 1] = [[ap - 10] + 4];
    [ap] = [[ap - 10] + 5], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_2 if [ap] != 0, ap++;

    left_2:
    [ap - 3] = [[ap - 13] + 6];
    [fp + 2] = [[ap - 13] + 7];
    [ap] = [[ap - 13] + 8], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_3 if [ap] != 0, ap++;

    left_3:
    [ap - 3] = [[ap - 16] + 9];
    [fp + 3] = [[ap - 16] + 10];
    [ap] = [[ap - 16] + 11], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_4 if [ap] != 0, ap++;

    left_4:
    [ap - 3] = [[ap - 19] + 12];
    [fp + 4] = [[ap - 19] + 13];
    [ap] = [[ap - 19] + 14], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_5 if [ap] != 0, ap++;

    left_5:
    [ap - 3] = [[ap - 22] + 15];
    [fp + 5] = [[ap - 22] + 16];
    [ap] = [[ap - 22] + 17], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_6 if [ap] != 0, ap++;

    left_6:
    [ap - 3] = [[ap - 25] + 18];
    [fp + 6] = [[ap - 25] + 19];
    [ap] = [[ap - 25] + 20], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_7 if [ap] != 0, ap++;

    left_7:
    [ap - 3] = [[ap - 28] + 21];
    [fp + 7] = [[ap - 28] + 22];
    [ap] = [[ap - 28] + 23], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_8 if [ap] != 0, ap++;

    left_8:
    [ap - 3] = [[ap - 31] + 24];
    [fp + 8] = [[ap - 31] + 25];
    [ap] = [[ap - 31] + 26], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_9 if [ap] != 0, ap++;

    left_9:
    [ap - 3] = [[ap - 34] + 27];
    [fp + 9] = [[ap - 34] + 28];
    [ap] = [[ap - 34] + 29], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_10 if [ap] != 0, ap++;

    left_10:
    [ap - 3] = [[ap - 37] + 30];
    [fp + 10] = [[ap - 37] + 31];
    [ap] = [[ap - 37] + 32], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_11 if [ap] != 0, ap++;

    left_11:
    [ap - 3] = [[ap - 40] + 33];
    [fp + 11] = [[ap - 40] + 34];
    [ap] = [[ap - 40] + 35], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_12 if [ap] != 0, ap++;

    left_12:
    [ap - 3] = [[ap - 43] + 36];
    [fp + 12] = [[ap - 43] + 37];
    [ap] = [[ap - 43] + 38], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_13 if [ap] != 0, ap++;

    left_13:
    [ap - 3] = [[ap - 46] + 39];
    [fp + 13] = [[ap - 46] + 40];
    [ap] = [[ap - 46] + 41], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_14 if [ap] != 0, ap++;

    left_14:
    [ap - 3] = [[ap - 49] + 42];
    [fp + 14] = [[ap - 49] + 43];
    [ap] = [[ap - 49] + 44], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_15 if [ap] != 0, ap++;

    left_15:
    [ap - 3] = [[ap - 52] + 45];
    [fp + 15] = [[ap - 52] + 46];
    [ap] = [[ap - 52] + 47], ap++;
    [ap] = [ap - 3], ap++;
    jmp exit_16 if [ap] != 0, ap++;
    jmp right_16 if [ap] != 0, ap++;

    left_16:
    [ap - 4] = [[ap - 56] + 48];
    [fp + 16] = [[ap - 56] + 49];
    [ap] = [[ap - 56] + 50], ap++;
    [ap] = [ap - 4], ap++;
    jmp right_17 if [ap] != 0, ap++;

    left_17:
    [ap - 3] = [[ap - 59] + 51];
    [fp + 17] = [[ap - 59] + 52];
    [ap] = [[ap - 59] + 53], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_18 if [ap] != 0, ap++;

    left_18:
    [ap - 3] = [[ap - 62] + 54];
    [fp + 18] = [[ap - 62] + 55];
    [ap] = [[ap - 62] + 56], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_19 if [ap] != 0, ap++;

    left_19:
    [ap - 3] = [[ap - 65] + 57];
    [fp + 19] = [[ap - 65] + 58];
    [ap] = [[ap - 65] + 59], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_20 if [ap] != 0, ap++;

    left_20:
    [ap - 3] = [[ap - 68] + 60];
    [fp + 20] = [[ap - 68] + 61];
    [ap] = [[ap - 68] + 62], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_21 if [ap] != 0, ap++;

    left_21:
    [ap - 3] = [[ap - 71] + 63];
    [fp + 21] = [[ap - 71] + 64];
    [ap] = [[ap - 71] + 65], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_22 if [ap] != 0, ap++;

    left_22:
    [ap - 3] = [[ap - 74] + 66];
    [fp + 22] = [[ap - 74] + 67];
    [ap] = [[ap - 74] + 68], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_23 if [ap] != 0, ap++;

    left_23:
    [ap - 3] = [[ap - 77] + 69];
    [fp + 23] = [[ap - 77] + 70];
    [ap] = [[ap - 77] + 71], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_24 if [ap] != 0, ap++;

    left_24:
    [ap - 3] = [[ap - 80] + 72];
    [fp + 24] = [[ap - 80] + 73];
    [ap] = [[ap - 80] + 74], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_25 if [ap] != 0, ap++;

    left_25:
    [ap - 3] = [[ap - 83] + 75];
    [fp + 25] = [[ap - 83] + 76];
    [ap] = [[ap - 83] + 77], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_26 if [ap] != 0, ap++;

    left_26:
    [ap - 3] = [[ap - 86] + 78];
    [fp + 26] = [[ap - 86] + 79];
    [ap] = [[ap - 86] + 80], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_27 if [ap] != 0, ap++;

    left_27:
    [ap - 3] = [[ap - 89] + 81];
    [fp + 27] = [[ap - 89] + 82];
    [ap] = [[ap - 89] + 83], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_28 if [ap] != 0, ap++;

    left_28:
    [ap - 3] = [[ap - 92] + 84];
    [fp + 28] = [[ap - 92] + 85];
    [ap] = [[ap - 92] + 86], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_29 if [ap] != 0, ap++;

    left_29:
    [ap - 3] = [[ap - 95] + 87];
    [fp + 29] = [[ap - 95] + 88];
    [ap] = [[ap - 95] + 89], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_30 if [ap] != 0, ap++;

    left_30:
    [ap - 3] = [[ap - 98] + 90];
    [fp + 30] = [[ap - 98] + 91];
    [ap] = [[ap - 98] + 92], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_31 if [ap] != 0, ap++;

    left_31:
    [ap - 3] = [[ap - 101] + 93];
    [fp + 31] = [[ap - 101] + 94];
    [ap] = [[ap - 101] + 95], ap++;
    [ap] = [ap - 3], ap++;
    jmp exit_32 if [ap] != 0, ap++;
    jmp right_32 if [ap] != 0, ap++;

    left_32:
    [ap - 4] = [[ap - 105] + 96];
    [fp + 32] = [[ap - 105] + 97];
    [ap] = [[ap - 105] + 98], ap++;
    [ap] = [ap - 4], ap++;
    jmp right_33 if [ap] != 0, ap++;

    left_33:
    [ap - 3] = [[ap - 108] + 99];
    [fp + 33] = [[ap - 108] + 100];
    [ap] = [[ap - 108] + 101], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_34 if [ap] != 0, ap++;

    left_34:
    [ap - 3] = [[ap - 111] + 102];
    [fp + 34] = [[ap - 111] + 103];
    [ap] = [[ap - 111] + 104], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_35 if [ap] != 0, ap++;

    left_35:
    [ap - 3] = [[ap - 114] + 105];
    [fp + 35] = [[ap - 114] + 106];
    [ap] = [[ap - 114] + 107], ap++;
    [ap] = [ap - 3], ap++;
    jmp exit_36 if [ap] != 0, ap++;
    jmp right_36 if [ap] != 0, ap++;

    left_36:
    [ap - 4] = [[ap - 118] + 108];
    [fp + 36] = [[ap - 118] + 109];
    [ap] = [[ap - 118] + 110], ap++;
    [ap] = [ap - 4], ap++;
    jmp right_37 if [ap] != 0, ap++;

    left_37:
    [ap - 3] = [[ap - 121] + 111];
    [fp + 37] = [[ap - 121] + 112];
    [ap] = [[ap - 121] + 113], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_38 if [ap] != 0, ap++;

    left_38:
    [ap - 3] = [[ap - 124] + 114];
    [fp + 38] = [[ap - 124] + 115];
    [ap] = [[ap - 124] + 116], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_39 if [ap] != 0, ap++;

    left_39:
    [ap - 3] = [[ap - 127] + 117];
    [fp + 39] = [[ap - 127] + 118];
    [ap] = [[ap - 127] + 119], ap++;
    [ap] = [ap - 3], ap++;
    jmp exit_40 if [ap] != 0, ap++;
    jmp right_40 if [ap] != 0, ap++;

    left_40:
    [ap - 4] = [[ap - 131] + 120];
    [fp + 40] = [[ap - 131] + 121];
    [ap] = [[ap - 131] + 122], ap++;
    [ap] = [ap - 4], ap++;
    jmp right_41 if [ap] != 0, ap++;

    left_41:
    [ap - 3] = [[ap - 134] + 123];
    [fp + 41] = [[ap - 134] + 124];
    [ap] = [[ap - 134] + 125], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_42 if [ap] != 0, ap++;

    left_42:
    [ap - 3] = [[ap - 137] + 126];
    [fp + 42] = [[ap - 137] + 127];
    [ap] = [[ap - 137] + 128], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_43 if [ap] != 0, ap++;

    left_43:
    [ap - 3] = [[ap - 140] + 129];
    [fp + 43] = [[ap - 140] + 130];
    [ap] = [[ap - 140] + 131], ap++;
    [ap] = [ap - 3], ap++;
    jmp exit_44 if [ap] != 0, ap++;
    jmp right_44 if [ap] != 0, ap++;

    left_44:
    [ap - 4] = [[ap - 144] + 132];
    [fp + 44] = [[ap - 144] + 133];
    [ap] = [[ap - 144] + 134], ap++;
    [ap] = [ap - 4], ap++;
    jmp right_45 if [ap] != 0, ap++;

    left_45:
    [ap - 3] = [[ap - 147] + 135];
    [fp + 45] = [[ap - 147] + 136];
    [ap] = [[ap - 147] + 137], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_46 if [ap] != 0, ap++;

    left_46:
    [ap - 3] = [[ap - 150] + 138];
    [fp + 46] = [[ap - 150] + 139];
    [ap] = [[ap - 150] + 140], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_47 if [ap] != 0, ap++;

    left_47:
    [ap - 3] = [[ap - 153] + 141];
    [fp + 47] = [[ap - 153] + 142];
    [ap] = [[ap - 153] + 143], ap++;
    [ap] = [ap - 3], ap++;
    jmp exit_48 if [ap] != 0, ap++;
    jmp right_48 if [ap] != 0, ap++;

    left_48:
    [ap - 4] = [[ap - 157] + 144];
    [fp + 48] = [[ap - 157] + 145];
    [ap] = [[ap - 157] + 146], ap++;
    [ap] = [ap - 4], ap++;
    jmp right_49 if [ap] != 0, ap++;

    left_49:
    [ap - 3] = [[ap - 160] + 147];
    [fp + 49] = [[ap - 160] + 148];
    [ap] = [[ap - 160] + 149], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_50 if [ap] != 0, ap++;

    left_50:
    [ap - 3] = [[ap - 163] + 150];
    [fp + 50] = [[ap - 163] + 151];
    [ap] = [[ap - 163] + 152], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_51 if [ap] != 0, ap++;

    left_51:
    [ap - 3] = [[ap - 166] + 153];
    [fp + 51] = [[ap - 166] + 154];
    [ap] = [[ap - 166] + 155], ap++;
    [ap] = [ap - 3], ap++;
    jmp exit_52 if [ap] != 0, ap++;
    jmp right_52 if [ap] != 0, ap++;

    left_52:
    [ap - 4] = [[ap - 170] + 156];
    [fp + 52] = [[ap - 170] + 157];
    [ap] = [[ap - 170] + 158], ap++;
    [ap] = [ap - 4], ap++;
    jmp right_53 if [ap] != 0, ap++;

    left_53:
    [ap - 3] = [[ap - 173] + 159];
    [fp + 53] = [[ap - 173] + 160];
    [ap] = [[ap - 173] + 161], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_54 if [ap] != 0, ap++;

    left_54:
    [ap - 3] = [[ap - 176] + 162];
    [fp + 54] = [[ap - 176] + 163];
    [ap] = [[ap - 176] + 164], ap++;
    [ap] = [ap - 3], ap++;
    jmp right_55 if [ap] != 0, ap++;

    left_55:
    [ap - 3] = [[ap - 179] + 165];
    [fp + 55] = [[ap - 179] + 166];
    [ap] = [[ap - 179] + 167], ap++;
    [ap] = [ap - 3], ap++;
    jmp exit_56;

    right_0:
    [ap - 4] = [[ap - 7] + 1];
    [fp + 0] = [[ap - 7] + 0];
    [ap] = [[ap - 7] + 2], ap++;
    [ap] = [ap - 4] + 1, ap++;
    jmp left_1 if [ap] != 0, ap++;

    right_1:
    [ap - 3] = [[ap - 10] + 4];
    [fp + 1] = [[ap - 10] + 3];
    [ap] = [[ap - 10] + 5], ap++;
    [ap] = [ap - 3] + 2, ap++;
    jmp left_2 if [ap] != 0, ap++;

    right_2:
    [ap - 3] = [[ap - 13] + 7];
    [fp + 2] = [[ap - 13] + 6];
    [ap] = [[ap - 13] + 8], ap++;
    [ap] = [ap - 3] + 4, ap++;
    jmp left_3 if [ap] != 0, ap++;

    right_3:
    [ap - 3] = [[ap - 16] + 10];
    [fp + 3] = [[ap - 16] + 9];
    [ap] = [[ap - 16] + 11], ap++;
    [ap] = [ap - 3] + 8, ap++;
    jmp left_4 if [ap] != 0, ap++;

    right_4:
    [ap - 3] = [[ap - 19] + 13];
    [fp + 4] = [[ap - 19] + 12];
    [ap] = [[ap - 19] + 14], ap++;
    [ap] = [ap - 3] + 16, ap++;
    jmp left_5 if [ap] != 0, ap++;

    right_5:
    [ap - 3] = [[ap - 22] + 16];
    [fp + 5] = [[ap - 22] + 15];
    [ap] = [[ap - 22] + 17], ap++;
    [ap] = [ap - 3] + 32, ap++;
    jmp left_6 if [ap] != 0, ap++;

    right_6:
    [ap - 3] = [[ap - 25] + 19];
    [fp + 6] = [[ap - 25] + 18];
    [ap] = [[ap - 25] + 20], ap++;
    [ap] = [ap - 3] + 64, ap++;
    jmp left_7 if [ap] != 0, ap++;

    right_7:
    [ap - 3] = [[ap - 28] + 22];
    [fp + 7] = [[ap - 28] + 21];
    [ap] = [[ap - 28] + 23], ap++;
    [ap] = [ap - 3] + 128, ap++;
    jmp left_8 if [ap] != 0, ap++;

    right_8:
    [ap - 3] = [[ap - 31] + 25];
    [fp + 8] = [[ap - 31] + 24];
    [ap] = [[ap - 31] + 26], ap++;
    [ap] = [ap - 3] + 256, ap++;
    jmp left_9 if [ap] != 0, ap++;

    right_9:
    [ap - 3] = [[ap - 34] + 28];
    [fp + 9] = [[ap - 34] + 27];
    [ap] = [[ap - 34] + 29], ap++;
    [ap] = [ap - 3] + 512, ap++;
    jmp left_10 if [ap] != 0, ap++;

    right_10:
    [ap - 3] = [[ap - 37] + 31];
    [fp + 10] = [[ap - 37] + 30];
    [ap] = [[ap - 37] + 32], ap++;
    [ap] = [ap - 3] + 1024, ap++;
    jmp left_11 if [ap] != 0, ap++;

    right_11:
    [ap - 3] = [[ap - 40] + 34];
    [fp + 11] = [[ap - 40] + 33];
    [ap] = [[ap - 40] + 35], ap++;
    [ap] = [ap - 3] + 2048, ap++;
    jmp left_12 if [ap] != 0, ap++;

    right_12:
    [ap - 3] = [[ap - 43] + 37];
    [fp + 12] = [[ap - 43] + 36];
    [ap] = [[ap - 43] + 38], ap++;
    [ap] = [ap - 3] + 4096, ap++;
    jmp left_13 if [ap] != 0, ap++;

    right_13:
    [ap - 3] = [[ap - 46] + 40];
    [fp + 13] = [[ap - 46] + 39];
    [ap] = [[ap - 46] + 41], ap++;
    [ap] = [ap - 3] + 8192, ap++;
    jmp left_14 if [ap] != 0, ap++;

    right_14:
    [ap - 3] = [[ap - 49] + 43];
    [fp + 14] = [[ap - 49] + 42];
    [ap] = [[ap - 49] + 44], ap++;
    [ap] = [ap - 3] + 16384, ap++;
    jmp left_15 if [ap] != 0, ap++;

    right_15:
    [ap - 3] = [[ap - 52] + 46];
    [fp + 15] = [[ap - 52] + 45];
    [ap] = [[ap - 52] + 47], ap++;
    [ap] = [ap - 3] + 32768, ap++;
    jmp exit_16 if [ap] != 0, ap++;
    jmp left_16 if [ap] != 0, ap++;

    right_16:
    [ap - 4] = [[ap - 56] + 49];
    [fp + 16] = [[ap - 56] + 48];
    [ap] = [[ap - 56] + 50], ap++;
    [ap] = [ap - 4] + 65536, ap++;
    jmp left_17 if [ap] != 0, ap++;

    right_17:
    [ap - 3] = [[ap - 59] + 52];
    [fp + 17] = [[ap - 59] + 51];
    [ap] = [[ap - 59] + 53], ap++;
    [ap] = [ap - 3] + 131072, ap++;
    jmp left_18 if [ap] != 0, ap++;

    right_18:
    [ap - 3] = [[ap - 62] + 55];
    [fp + 18] = [[ap - 62] + 54];
    [ap] = [[ap - 62] + 56], ap++;
    [ap] = [ap - 3] + 262144, ap++;
    jmp left_19 if [ap] != 0, ap++;

    right_19:
    [ap - 3] = [[ap - 65] + 58];
    [fp + 19] = [[ap - 65] + 57];
    [ap] = [[ap - 65] + 59], ap++;
    [ap] = [ap - 3] + 524288, ap++;
    jmp left_20 if [ap] != 0, ap++;

    right_20:
    [ap - 3] = [[ap - 68] + 61];
    [fp + 20] = [[ap - 68] + 60];
    [ap] = [[ap - 68] + 62], ap++;
    [ap] = [ap - 3] + 1048576, ap++;
    jmp left_21 if [ap] != 0, ap++;

    right_21:
    [ap - 3] = [[ap - 71] + 64];
    [fp + 21] = [[ap - 71] + 63];
    [ap] = [[ap - 71] + 65], ap++;
    [ap] = [ap - 3] + 2097152, ap++;
    jmp left_22 if [ap] != 0, ap++;

    right_22:
    [ap - 3] = [[ap - 74] + 67];
    [fp + 22] = [[ap - 74] + 66];
    [ap] = [[ap - 74] + 68], ap++;
    [ap] = [ap - 3] + 4194304, ap++;
    jmp left_23 if [ap] != 0, ap++;

    right_23:
    [ap - 3] = [[ap - 77] + 70];
    [fp + 23] = [[ap - 77] + 69];
    [ap] = [[ap - 77] + 71], ap++;
    [ap] = [ap - 3] + 8388608, ap++;
    jmp left_24 if [ap] != 0, ap++;

    right_24:
    [ap - 3] = [[ap - 80] + 73];
    [fp + 24] = [[ap - 80] + 72];
    [ap] = [[ap - 80] + 74], ap++;
    [ap] = [ap - 3] + 16777216, ap++;
    jmp left_25 if [ap] != 0, ap++;

    right_25:
    [ap - 3] = [[ap - 83] + 76];
    [fp + 25] = [[ap - 83] + 75];
    [ap] = [[ap - 83] + 77], ap++;
    [ap] = [ap - 3] + 33554432, ap++;
    jmp left_26 if [ap] != 0, ap++;

    right_26:
    [ap - 3] = [[ap - 86] + 79];
    [fp + 26] = [[ap - 86] + 78];
    [ap] = [[ap - 86] + 80], ap++;
    [ap] = [ap - 3] + 67108864, ap++;
    jmp left_27 if [ap] != 0, ap++;

    right_27:
    [ap - 3] = [[ap - 89] + 82];
    [fp + 27] = [[ap - 89] + 81];
    [ap] = [[ap - 89] + 83], ap++;
    [ap] = [ap - 3] + 134217728, ap++;
    jmp left_28 if [ap] != 0, ap++;

    right_28:
    [ap - 3] = [[ap - 92] + 85];
    [fp + 28] = [[ap - 92] + 84];
    [ap] = [[ap - 92] + 86], ap++;
    [ap] = [ap - 3] + 268435456, ap++;
    jmp left_29 if [ap] != 0, ap++;

    right_29:
    [ap - 3] = [[ap - 95] + 88];
    [fp + 29] = [[ap - 95] + 87];
    [ap] = [[ap - 95] + 89], ap++;
    [ap] = [ap - 3] + 536870912, ap++;
    jmp left_30 if [ap] != 0, ap++;

    right_30:
    [ap - 3] = [[ap - 98] + 91];
    [fp + 30] = [[ap - 98] + 90];
    [ap] = [[ap - 98] + 92], ap++;
    [ap] = [ap - 3] + 1073741824, ap++;
    jmp left_31 if [ap] != 0, ap++;

    right_31:
    [ap - 3] = [[ap - 101] + 94];
    [fp + 31] = [[ap - 101] + 93];
    [ap] = [[ap - 101] + 95], ap++;
    [ap] = [ap - 3] + 2147483648, ap++;
    jmp exit_32 if [ap] != 0, ap++;
    jmp left_32 if [ap] != 0, ap++;

    right_32:
    [ap - 4] = [[ap - 105] + 97];
    [fp + 32] = [[ap - 105] + 96];
    [ap] = [[ap - 105] + 98], ap++;
    [ap] = [ap - 4] + 4294967296, ap++;
    jmp left_33 if [ap] != 0, ap++;

    right_33:
    [ap - 3] = [[ap - 108] + 100];
    [fp + 33] = [[ap - 108] + 99];
    [ap] = [[ap - 108] + 101], ap++;
    [ap] = [ap - 3] + 8589934592, ap++;
    jmp left_34 if [ap] != 0, ap++;

    right_34:
    [ap - 3] = [[ap - 111] + 103];
    [fp + 34] = [[ap - 111] + 102];
    [ap] = [[ap - 111] + 104], ap++;
    [ap] = [ap - 3] + 17179869184, ap++;
    jmp left_35 if [ap] != 0, ap++;

    right_35:
    [ap - 3] = [[ap - 114] + 106];
    [fp + 35] = [[ap - 114] + 105];
    [ap] = [[ap - 114] + 107], ap++;
    [ap] = [ap - 3] + 34359738368, ap++;
    jmp exit_36 if [ap] != 0, ap++;
    jmp left_36 if [ap] != 0, ap++;

    right_36:
    [ap - 4] = [[ap - 118] + 109];
    [fp + 36] = [[ap - 118] + 108];
    [ap] = [[ap - 118] + 110], ap++;
    [ap] = [ap - 4] + 68719476736, ap++;
    jmp left_37 if [ap] != 0, ap++;

    right_37:
    [ap - 3] = [[ap - 121] + 112];
    [fp + 37] = [[ap - 121] + 111];
    [ap] = [[ap - 121] + 113], ap++;
    [ap] = [ap - 3] + 137438953472, ap++;
    jmp left_38 if [ap] != 0, ap++;

    right_38:
    [ap - 3] = [[ap - 124] + 115];
    [fp + 38] = [[ap - 124] + 114];
    [ap] = [[ap - 124] + 116], ap++;
    [ap] = [ap - 3] + 274877906944, ap++;
    jmp left_39 if [ap] != 0, ap++;

    right_39:
    [ap - 3] = [[ap - 127] + 118];
    [fp + 39] = [[ap - 127] + 117];
    [ap] = [[ap - 127] + 119], ap++;
    [ap] = [ap - 3] + 549755813888, ap++;
    jmp exit_40 if [ap] != 0, ap++;
    jmp left_40 if [ap] != 0, ap++;

    right_40:
    [ap - 4] = [[ap - 131] + 121];
    [fp + 40] = [[ap - 131] + 120];
    [ap] = [[ap - 131] + 122], ap++;
    [ap] = [ap - 4] + 1099511627776, ap++;
    jmp left_41 if [ap] != 0, ap++;

    right_41:
    [ap - 3] = [[ap - 134] + 124];
    [fp + 41] = [[ap - 134] + 123];
    [ap] = [[ap - 134] + 125], ap++;
    [ap] = [ap - 3] + 2199023255552, ap++;
    jmp left_42 if [ap] != 0, ap++;

    right_42:
    [ap - 3] = [[ap - 137] + 127];
    [fp + 42] = [[ap - 137] + 126];
    [ap] = [[ap - 137] + 128], ap++;
    [ap] = [ap - 3] + 4398046511104, ap++;
    jmp left_43 if [ap] != 0, ap++;

    right_43:
    [ap - 3] = [[ap - 140] + 130];
    [fp + 43] = [[ap - 140] + 129];
    [ap] = [[ap - 140] + 131], ap++;
    [ap] = [ap - 3] + 8796093022208, ap++;
    jmp exit_44 if [ap] != 0, ap++;
    jmp left_44 if [ap] != 0, ap++;

    right_44:
    [ap - 4] = [[ap - 144] + 133];
    [fp + 44] = [[ap - 144] + 132];
    [ap] = [[ap - 144] + 134], ap++;
    [ap] = [ap - 4] + 17592186044416, ap++;
    jmp left_45 if [ap] != 0, ap++;

    right_45:
    [ap - 3] = [[ap - 147] + 136];
    [fp + 45] = [[ap - 147] + 135];
    [ap] = [[ap - 147] + 137], ap++;
    [ap] = [ap - 3] + 35184372088832, ap++;
    jmp left_46 if [ap] != 0, ap++;

    right_46:
    [ap - 3] = [[ap - 150] + 139];
    [fp + 46] = [[ap - 150] + 138];
    [ap] = [[ap - 150] + 140], ap++;
    [ap] = [ap - 3] + 70368744177664, ap++;
    jmp left_47 if [ap] != 0, ap++;

    right_47:
    [ap - 3] = [[ap - 153] + 142];
    [fp + 47] = [[ap - 153] + 141];
    [ap] = [[ap - 153] + 143], ap++;
    [ap] = [ap - 3] + 140737488355328, ap++;
    jmp exit_48 if [ap] != 0, ap++;
    jmp left_48 if [ap] != 0, ap++;

    right_48:
    [ap - 4] = [[ap - 157] + 145];
    [fp + 48] = [[ap - 157] + 144];
    [ap] = [[ap - 157] + 146], ap++;
    [ap] = [ap - 4] + 281474976710656, ap++;
    jmp left_49 if [ap] != 0, ap++;

    right_49:
    [ap - 3] = [[ap - 160] + 148];
    [fp + 49] = [[ap - 160] + 147];
    [ap] = [[ap - 160] + 149], ap++;
    [ap] = [ap - 3] + 562949953421312, ap++;
    jmp left_50 if [ap] != 0, ap++;

    right_50:
    [ap - 3] = [[ap - 163] + 151];
    [fp + 50] = [[ap - 163] + 150];
    [ap] = [[ap - 163] + 152], ap++;
    [ap] = [ap - 3] + 1125899906842624, ap++;
    jmp left_51 if [ap] != 0, ap++;

    right_51:
    [ap - 3] = [[ap - 166] + 154];
    [fp + 51] = [[ap - 166] + 153];
    [ap] = [[ap - 166] + 155], ap++;
    [ap] = [ap - 3] + 2251799813685248, ap++;
    jmp exit_52 if [ap] != 0, ap++;
    jmp left_52 if [ap] != 0, ap++;

    right_52:
    [ap - 4] = [[ap - 170] + 157];
    [fp + 52] = [[ap - 170] + 156];
    [ap] = [[ap - 170] + 158], ap++;
    [ap] = [ap - 4] + 4503599627370496, ap++;
    jmp left_53 if [ap] != 0, ap++;

    right_53:
    [ap - 3] = [[ap - 173] + 160];
    [fp + 53] = [[ap - 173] + 159];
    [ap] = [[ap - 173] + 161], ap++;
    [ap] = [ap - 3] + 9007199254740992, ap++;
    jmp left_54 if [ap] != 0, ap++;

    right_54:
    [ap - 3] = [[ap - 176] + 163];
    [fp + 54] = [[ap - 176] + 162];
    [ap] = [[ap - 176] + 164], ap++;
    [ap] = [ap - 3] + 18014398509481984, ap++;
    jmp left_55 if [ap] != 0, ap++;

    right_55:
    [ap - 3] = [[ap - 179] + 166];
    [fp + 55] = [[ap - 179] + 165];
    [ap] = [[ap - 179] + 167], ap++;
    [ap] = [ap - 3] + 36028797018963968, ap++;

    exit_56:
    [ap] = [[ap - 182]], ap++;
    [ap - 1] = [ap] + [ap - 2], ap++;
    [ap] = [ap - 1] / 72057594037927936, ap++;
    [ap - 1] = [[ap - 183]];
    [fp + 56] = [[ap - 183] + 1];
    [ap - 5] = [[ap - 183] + 2];
    [ap] = 56, ap++;
    [ap - 1] = [[ap - 184] + 3];
    [ap] = [ap - 186] + 3, ap++;
    [ap] = [ap - 186] + 168, ap++;
    [ap] = [ap - 186] + 4, ap++;
    [ap] = [ap - 186] + -1, ap++;
    jmp next_leaf if [ap - 1] != 0;
    jmp done;

    exit_52:
    [ap] = [[ap - 170]], ap++;
    [ap - 1] = [ap] + [ap - 3], ap++;
    [ap] = [ap - 1] / 4503599627370496, ap++;
    [ap - 1] = [[ap - 171]];
    [fp + 52] = [[ap - 171] + 1];
    [ap - 6] = [[ap - 171] + 2];
    [ap] = 52, ap++;
    [ap - 1] = [[ap - 172] + 3];
    [ap] = [ap - 174] + 3, ap++;
    [ap] = [ap - 174] + 156, ap++;
    [ap] = [ap - 174] + 4, ap++;
    [ap] = [ap - 174] + -1, ap++;
    jmp next_leaf if [ap - 1] != 0;
    jmp done;

    exit_48:
    [ap] = [[ap - 157]], ap++;
    [ap - 1] = [ap] + [ap - 3], ap++;
    [ap] = [ap - 1] / 281474976710656, ap++;
    [ap - 1] = [[ap - 158]];
    [fp + 48] = [[ap - 158] + 1];
    [ap - 6] = [[ap - 158] + 2];
    [ap] = 48, ap++;
    [ap - 1] = [[ap - 159] + 3];
    [ap] = [ap - 161] + 3, ap++;
    [ap] = [ap - 161] + 144, ap++;
    [ap] = [ap - 161] + 4, ap++;
    [ap] = [ap - 161] + -1, ap++;
    jmp next_leaf if [ap - 1] != 0;
    jmp done;

    exit_44:
    [ap] = [[ap - 144]], ap++;
    [ap - 1] = [ap] + [ap - 3], ap++;
    [ap] = [ap - 1] / 17592186044416, ap++;
    [ap - 1] = [[ap - 145]];
    [fp + 44] = [[ap - 145] + 1];
    [ap - 6] = [[ap - 145] + 2];
    [ap] = 44, ap++;
    [ap - 1] = [[ap - 146] + 3];
    [ap] = [ap - 148] + 3, ap++;
    [ap] = [ap - 148] + 132, ap++;
    [ap] = [ap - 148] + 4, ap++;
    [ap] = [ap - 148] + -1, ap++;
    jmp next_leaf if [ap - 1] != 0;
    jmp done;

    exit_40:
    [ap] = [[ap - 131]], ap++;
    [ap - 1] = [ap] + [ap - 3], ap++;
    [ap] = [ap - 1] / 1099511627776, ap++;
    [ap - 1] = [[ap - 132]];
    [fp + 40] = [[ap - 132] + 1];
    [ap - 6] = [[ap - 132] + 2];
    [ap] = 40, ap++;
    [ap - 1] = [[ap - 133] + 3];
    [ap] = [ap - 135] + 3, ap++;
    [ap] = [ap - 135] + 120, ap++;
    [ap] = [ap - 135] + 4, ap++;
    [ap] = [ap - 135] + -1, ap++;
    jmp next_leaf if [ap - 1] != 0;
    jmp done;

    exit_36:
    [ap] = [[ap - 118]], ap++;
    [ap - 1] = [ap] + [ap - 3], ap++;
    [ap] = [ap - 1] / 68719476736, ap++;
    [ap - 1] = [[ap - 119]];
    [fp + 36] = [[ap - 119] + 1];
    [ap - 6] = [[ap - 119] + 2];
    [ap] = 36, ap++;
    [ap - 1] = [[ap - 120] + 3];
    [ap] = [ap - 122] + 3, ap++;
    [ap] = [ap - 122] + 108, ap++;
    [ap] = [ap - 122] + 4, ap++;
    [ap] = [ap - 122] + -1, ap++;
    jmp next_leaf if [ap - 1] != 0;
    jmp done;

    exit_32:
    [ap] = [[ap - 105]], ap++;
    [ap - 1] = [ap] + [ap - 3], ap++;
    [ap] = [ap - 1] / 4294967296, ap++;
    [ap - 1] = [[ap - 106]];
    [fp + 32] = [[ap - 106] + 1];
    [ap - 6] = [[ap - 106] + 2];
    [ap] = 32, ap++;
    [ap - 1] = [[ap - 107] + 3];
    [ap] = [ap - 109] + 3, ap++;
    [ap] = [ap - 109] + 96, ap++;
    [ap] = [ap - 109] + 4, ap++;
    [ap] = [ap - 109] + -1, ap++;
    jmp next_leaf if [ap - 1] != 0;
    jmp done;

    exit_16:
    [ap] = [[ap - 56]], ap++;
    [ap - 1] = [ap] + [ap - 3], ap++;
    [ap] = [ap - 1] / 65536, ap++;
    [ap - 1] = [[ap - 57]];
    [fp + 16] = [[ap - 57] + 1];
    [ap - 6] = [[ap - 57] + 2];
    [ap] = 16, ap++;
    [ap - 1] = [[ap - 58] + 3];
    [ap] = [ap - 60] + 3, ap++;
    [ap] = [ap - 60] + 48, ap++;
    [ap] = [ap - 60] + 4, ap++;
    [ap] = [ap - 60] + -1, ap++;
    jmp next_leaf if [ap - 1] != 0;
    jmp done;

    exit_0:
    [ap] = [[ap - 7]], ap++;
    [ap - 1] = [[ap - 6]];
    [ap] = [[ap - 8] + 1], ap++;
    [ap - 1] = [[ap - 7] + 1];
    [ap - 5] = [[ap - 7] + 2];
    [ap] = 0, ap++;
    [ap - 1] = [[ap - 8] + 3];
    [ap] = [ap - 10] + 3, ap++;
    [ap] = [ap - 10], ap++;
    [ap] = [ap - 10] + 4, ap++;
    [ap] = [ap - 10] + -1, ap++;
    jmp next_leaf if [ap - 1] != 0;

    done:
    let pedersen_ptr = cast([ap - 3], HashBuiltin*);
    return ();
}
