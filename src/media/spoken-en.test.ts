import { asHeard, heard, spokenTable } from '../../test/support/spoken-words';

const TABLE = spokenTable(`
0 | zero
1 | one
2 | two
7 | seven
10 | ten
11 | eleven
12 | twelve
13 | thirteen
16 | sixteen
17 | seventeen
19 | nineteen
20 | twenty
21 | twenty one
22 | twenty two
30 | thirty
31 | thirty one
70 | seventy
71 | seventy one
80 | eighty
81 | eighty one
90 | ninety
91 | ninety one
99 | ninety nine
100 | one hundred
101 | one hundred and one
110 | one hundred and ten
121 | one hundred and twenty one
200 | two hundred
201 | two hundred and one
999 | nine hundred and ninety nine
1000 | one thousand
1001 | one thousand and one
1021 | one thousand and twenty one
1100 | one thousand one hundred
1234 | one thousand two hundred and thirty four
2000 | two thousand
10000 | ten thousand
21000 | twenty one thousand
100000 | one hundred thousand
100001 | one hundred thousand and one
101101 | one hundred and one thousand one hundred and one
200200 | two hundred thousand two hundred
1000000 | one million
1000001 | one million and one
2000000 | two million
21000021 | twenty one million and twenty one
999999999 | nine hundred and ninety nine million nine hundred and ninety nine thousand nine hundred and ninety nine
-7 | minus seven
0 EUR | zero euros
0.01 EUR | one cent
0.02 EUR | two cents
0.10 EUR | ten cents
1.00 EUR | one euro
1.01 EUR | one euro and one cent
2.00 EUR | two euros
2.50 EUR | two euros and fifty cents
11.11 EUR | eleven euros and eleven cents
21.21 EUR | twenty one euros and twenty one cents
100.00 EUR | one hundred euros
1234.56 EUR | one thousand two hundred and thirty four euros and fifty six cents
-5.25 EUR | minus five euros and twenty five cents
1.01 USD | one dollar and one cent
1.01 GBP | one pound and one penny
21.02 GBP | twenty one pounds and two pence
1.01 CHF | one Swiss franc and one centime
1000000 USD | one million dollars
1 JPY | one yen
2500 JPY | two thousand five hundred yen
1.001 KWD | one Kuwaiti dinar and one fils
2.250 TND | two Tunisian dinars and two hundred and fifty millimes
12.50 SEK | twelve point five zero S E K
-3 SEK | minus three S E K
0.009999 EUR | zero euros
1.999999 EUR | one euro and ninety nine cents
-0.009999 EUR | zero euros
1.9 JPY | one yen
2026-01-01 | the first of January twenty twenty six
2026-03-21 | the twenty first of March twenty twenty six
2000-02-29 | the twenty ninth of February two thousand
2009-12-31 | the thirty first of December two thousand and nine
2010-11-20 | the twentieth of November twenty ten
2099-06-12 | the twelfth of June twenty ninety nine
`);

describe('numbers, amounts and dates in English', () => {
  it.each(TABLE)('says %s as "%s"', (what, words) => {
    expect(heard('en', what)).toBe(asHeard('en', words));
  });
});
